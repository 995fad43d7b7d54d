--- What is known of runs: where their tasks stand, for signs, the tree, the status line and other plugins.
---
--- Apart from `running`, which a person starts and stops them with: this only listens.
---
--- Invariant: a task has a sign while it runs, and none afterwards (test_signs_are_there_while_a_task_runs).

local highlights = require('orchestrator.highlights')
local server = require('orchestrator.server')

local M = {}

local namespace = vim.api.nvim_create_namespace('orchestrator.runs')

--- States in which nothing more happens to a task.
local ended = { completed = true, failed = true, cancelled = true }

---@class orchestrator.RunState
---@field uri string
---@field client_id? integer
---@field title string
---@field total integer
---@field tasks table<string, string> state by the id of the task

---@type table<string, orchestrator.RunState> by run id: those that are under way in a server of this editor
local runs = {}

---@type table<string, table<string, string>> URI to node to its state, of tasks that are under way
local states = {}

---@class orchestrator.Work
---@field run_id string
---@field task_id string

---@type table<string, table<string, orchestrator.Work>> URI to node to what works on it
local work = {}

---@type table<string, { uri: string, nodes: table<string, true> }> run to what it has a state of; splits too
local touched = {}

---@type table<string, table<string, integer>> URI to node to the extmark of its sign
local signs = {}

---@param name string
---@param data table
local function announce(name, data)
  vim.api.nvim_exec_autocmds('User', { pattern = 'Orchestrator' .. name, modeline = false, data = data })
end

--- Where a node stands in a run; nil when nothing is done about it.
---@param uri string
---@param node_id string
---@return string?
function M.state_of(uri, node_id)
  return states[uri] and states[uri][node_id]
end

--- The run that works on a node; nil when none does.
---@param uri string
---@param node_id string
---@return orchestrator.Work?
function M.work_on(uri, node_id)
  return M.state_of(uri, node_id) and work[uri] and work[uri][node_id] or nil
end

---@param buffer integer
---@param row integer from 0
---@param state string
---@param id? integer
---@return integer id
local function put_sign(buffer, row, state, id)
  local waits = state == 'waiting'
  return vim.api.nvim_buf_set_extmark(buffer, namespace, row, 0, {
    id = id,
    sign_text = waits and '?' or '●',
    sign_hl_group = waits and 'OrchestratorAsking' or 'OrchestratorRunning',
    priority = 20,
    invalidate = true,
    strict = false,
  })
end

---@param uri string
---@param node_id string
local function remove_sign(uri, node_id)
  local id = signs[uri] and signs[uri][node_id]
  if id then
    signs[uri][node_id] = nil
    local buffer = vim.uri_to_bufnr(uri)
    if vim.api.nvim_buf_is_valid(buffer) then
      vim.api.nvim_buf_del_extmark(buffer, namespace, id)
    end
  end
end

--- Shows the state of a node at its line, wherever that is by now.
---@param uri string
---@param node_id string
local function show_sign(uri, node_id)
  local buffer = vim.uri_to_bufnr(uri)
  if not vim.api.nvim_buf_is_loaded(buffer) then
    return
  end
  highlights.define()
  signs[uri] = signs[uri] or {}
  local id = signs[uri][node_id]
  local place = id and vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, id, { details = true })
  if place and place[1] and not place[3].invalid then
    put_sign(buffer, place[1], states[uri][node_id], id)
    return
  end
  server.request(buffer, 'orchestrator/tree/locate', { uri = uri, nodeId = node_id }, function(found)
    local state = M.state_of(uri, node_id)
    if state and vim.api.nvim_buf_is_loaded(buffer) then
      signs[uri][node_id] = put_sign(buffer, found.range.start.line, state, signs[uri][node_id])
    end
  end, true)
end

--- The state of one task has changed.
---@param update orchestrator.RunUpdateParams
local function on_task(update)
  local uri, node_id, state = update.uri, update.nodeId, update.detail.state
  local run = runs[update.runId]
  if run and update.detail.taskId then
    run.tasks[update.detail.taskId] = state
  end
  if type(node_id) ~= 'string' then
    return
  end
  touched[update.runId] = touched[update.runId] or { uri = uri, nodes = {} }
  touched[update.runId].nodes[node_id] = true
  states[uri] = states[uri] or {}
  states[uri][node_id] = not ended[state] and state or nil
  if run and update.detail.taskId then
    work[uri] = work[uri] or {}
    work[uri][node_id] = { run_id = update.runId, task_id = update.detail.taskId }
  end
  if not states[uri][node_id] then
    remove_sign(uri, node_id)
  elseif run then -- A split shows itself below its task, and shall not move the text aside.
    show_sign(uri, node_id)
  end
end

--- A run is over: a task that was stopped in the middle says nothing more.
---@param run_id string
local function forget(run_id)
  local of_run = touched[run_id]
  runs[run_id], touched[run_id] = nil, nil
  for node_id in pairs(of_run and of_run.nodes or {}) do
    if states[of_run.uri][node_id] then
      states[of_run.uri][node_id] = nil
      remove_sign(of_run.uri, node_id)
      announce('TaskChanged', { uri = of_run.uri, nodeId = node_id })
    end
  end
end

local redraw_due = false

--- The status line may show what has changed, not more often than an eye can follow.
local function redraw_status()
  if not redraw_due then
    redraw_due = true
    vim.defer_fn(function()
      redraw_due = false
      vim.cmd.redrawstatus({ bang = true })
    end, 100)
  end
end

M.redraw_status = redraw_status

--- Handler of `orchestrator/run/update`.
---@type lsp.Handler
function M.on_update(problem, update, context)
  local kind, detail = update.kind, update.detail
  if kind == 'run.started' or kind == 'run.resumed' then
    -- A split is a run too; only one of a branch has tasks.
    if detail.tasks then
      local title = detail.title or ''
      runs[update.runId] = {
        uri = update.uri,
        client_id = context and context.client_id,
        title = title,
        total = detail.tasks,
        tasks = {},
      }
    end
  elseif vim.startswith(kind, 'attempt.') then
    on_task(update)
  elseif kind == 'run.ended' then
    forget(update.runId)
  end
  require('orchestrator.split').on_run_update(problem, update, context)
  if kind == 'run.started' or kind == 'run.resumed' then
    announce('RunStarted', update)
  elseif kind == 'attempt.started' or kind == 'attempt.state' then
    announce('TaskChanged', update)
  elseif kind == 'run.ended' then
    announce('RunEnded', update)
  end
  redraw_status()
end

---@class orchestrator.RunCounts
---@field runs integer under way
---@field done integer tasks
---@field total integer tasks

--- How far all runs of this editor are.
---@return orchestrator.RunCounts
function M.counts()
  local counts = { runs = 0, done = 0, total = 0 }
  for _, run in pairs(runs) do
    counts.runs, counts.total = counts.runs + 1, counts.total + run.total
    for _, state in pairs(run.tasks) do
      counts.done = counts.done + (state == 'completed' and 1 or 0)
    end
  end
  return counts
end

--- The server ended, and its runs with it. They go on when they are resumed.
---@param client_id integer
function M.on_server_exit(client_id)
  for run_id, run in pairs(runs) do
    if run.client_id == client_id then
      forget(run_id)
    end
  end
  redraw_status()
end

return M
