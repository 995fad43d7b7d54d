--- What a person does with a split: start, accept, change, discard, stop; by command, map or code action.
---
--- Apart from `splits`, which follows what the server says of them.

local display = require('orchestrator.display')
local place = require('orchestrator.place')
local server = require('orchestrator.server')
local splits = require('orchestrator.splits')

local M = {}

--- How long `:write` of a proposal waits, in milliseconds.
local answer_time = 5000

--- How many tasks are split by one command.
local most_at_once = 20

---@param text string
local function complain(text)
  display.tell(text, vim.log.levels.ERROR)
end

---@class orchestrator.SplitOptions
---@field recursive? boolean
---@field force? boolean
---@field replan? boolean
---@field idea? boolean
---@field line? integer other than the cursor's
---@field last_line? integer of several, whose tasks are split one by one

--- Splits the tasks in some lines, without those below another of them: each has a proposal of its own.
---@param options orchestrator.SplitOptions
local function each(options)
  local depths = {} ---@type table<integer, integer> line to how far it is indented, of tasks
  local tree = require('orchestrator.tree')
  for line = options.line, options.last_line do
    if vim.b.orchestrator_tree_of then
      depths[line] = tree.depth_of_task(vim.api.nvim_get_current_buf(), line)
    else
      local text = vim.fn.getline(line)
      local blanks = text:match('^(%s*)[-*+]%s+%[.%]') or text:match('^(%s*)%d+[.)]%s+%[.%]')
      depths[line] = blanks and vim.fn.strdisplaywidth(blanks)
    end
  end
  local lines, above = {}, math.huge ---@type integer[], number
  for line = options.line, options.last_line do
    if depths[line] and depths[line] <= above then
      lines[#lines + 1], above = line, depths[line]
    end
  end
  if #lines == 0 or #lines > most_at_once then
    complain(('Select from 1 to %d tasks to split; these are %d.'):format(most_at_once, #lines))
    return
  end
  for _, line in ipairs(lines) do
    M.at_cursor(vim.tbl_extend('force', options, { line = line, last_line = line }))
  end
end

--- Starts a split of the task under the cursor.
---@param options? orchestrator.SplitOptions
function M.at_cursor(options)
  options = options or {}
  if options.line and options.last_line and options.last_line > options.line then
    each(options)
    return
  end
  local here = place.here(options.line)
  options.line = here.line or options.line
  local current = vim.api.nvim_get_current_buf()
  local later = function()
    if vim.api.nvim_get_current_buf() == current then
      M.at_cursor(options)
    end
  end
  if server.when_started(here.buffer, later) then
    display.say('the server is starting…')
    return
  end
  -- The server stops at its setting split.maxDepth; 8 is the most that the protocol knows.
  local params = vim.tbl_extend('error', place.params(here), {
    levels = options.recursive and 8 or 1,
    force = options.force or false,
    replan = options.replan or false,
    idea = options.idea or false,
  })
  splits.start(here.buffer, params)
end

--- The split that a command means: the one at the cursor, or the only one of the buffer.
---@return orchestrator.Split? split
---@return string? problem
function M.find()
  local buffer = vim.api.nvim_get_current_buf()
  local editing = splits.get(vim.b[buffer].orchestrator_run)
  if editing then
    return editing
  end
  local here = place.here()
  local found = splits.of(here.buffer)
  if #found == 0 then
    return nil, 'Nothing is split here; :Orchestrator split starts.'
  end
  for _, split in ipairs(found) do
    local first, last = split.ghosts:rows()
    local at_cursor = here.line and first and first < here.line and here.line <= last + 1
    local in_row = here.node_id and split.preview and split.preview.nodeId == here.node_id
    if #found == 1 or at_cursor or in_row then
      return split
    end
  end
  return nil, ('%d tasks are being split in this buffer: put the cursor on the one you mean.'):format(#found)
end

--- The path of a ghost from its number on the screen.
---@param number string such as "2" or "2.1"
---@param children orchestrator.GhostTask[]
---@return integer[]? path from 0
local function path_of(number, children)
  if not number:match('^%d[%d.]*$') then
    return nil
  end
  local path = {} ---@type integer[]
  for digits in vim.gsplit(number, '.', { plain = true }) do
    local index = tonumber(digits)
    local child = index and children[index]
    if not child then
      return nil
    end
    path[#path + 1] = index - 1
    children = child.children or {}
  end
  return path
end

--- Numbers of all ghosts, for completion.
---@return string[]
function M.numbers()
  local split = M.find()
  local numbers = {} ---@type string[]
  local function collect(children, prefix)
    for index, child in ipairs(children) do
      numbers[#numbers + 1] = prefix .. index
      collect(child.children or {}, prefix .. index .. '.')
    end
  end
  local preview = split and split.preview
  local changes = preview and preview.changes or {}
  collect(#changes > 0 and changes or preview and preview.children or {}, '')
  return numbers
end

--- Writes the proposal, or only some of it.
---@param numbers? string[] as shown: `{ '2', '3.1' }`; none: all
---@param fields? boolean also the modes and executors that need a word
function M.accept(numbers, fields)
  local split, problem = M.find()
  if not split then
    complain(problem)
    return
  end
  local items ---@type integer[][]?
  local changes = split.preview and split.preview.changes or {}
  for _, number in ipairs(numbers or {}) do
    local shown = #changes > 0 and changes or split.preview and split.preview.children or {}
    local path = path_of(number, shown)
    if not path then
      complain(('There is no proposed subtask %s.'):format(number))
      return
    end
    items = items or {}
    items[#items + 1] = path
  end
  local proposal = split.proposal
  if proposal and vim.api.nvim_buf_is_valid(proposal) and vim.bo[proposal].modified then
    complain('The edited proposal is not written: :w in its window, or :q! to drop your changes.')
    return
  end
  split.accepting = true
  local params = { items = items, fields = fields or false }
  splits.ask(split, 'orchestrator/split/accept', params, function(result)
    display.say(splits.written(result.added, #changes > 0))
  end)
end

--- Drops the proposal, or stops it if it is not complete.
function M.discard()
  local split, problem = M.find()
  if not split then
    complain(problem)
    return
  end
  local ready = split.preview and split.preview.state == 'ready'
  splits.ask(split, ready and 'orchestrator/split/discard' or 'orchestrator/run/stop', {})
end

--- Stops the split. A stopped split is not a judgement of its proposal, a discarded one is.
function M.stop()
  local split, problem = M.find()
  if not split then
    complain(problem)
    return
  end
  splits.ask(split, 'orchestrator/run/stop', {})
end

--- Replaces the proposal by what a person made of it. Waits for the answer, as `:write` should.
---@param run_id string
---@param children orchestrator.GhostTask[]
---@param ordered boolean
---@return string? problem
function M.edit(run_id, children, ordered)
  local split = splits.get(run_id)
  local client = split and vim.lsp.get_client_by_id(split.client_id)
  if not client then
    return 'That split has ended: there is nothing left to change. :q! closes this window.'
  end
  local params = { runId = run_id, children = children, ordered = ordered }
  local answer, problem = client:request_sync('orchestrator/split/edit', params, answer_time, split.buffer)
  if not answer then
    return ('The server did not answer (%s). :Orchestrator log may say why.'):format(problem)
  end
  return answer.err and answer.err.message
end

--- Handler of `orchestrator/run/update`: tells the person and other plugins.
---@type lsp.Handler
function M.on_run_update(_, update)
  require('orchestrator.running').on_update(update)
  vim.api.nvim_exec_autocmds('User', { pattern = 'OrchestratorRunUpdate', modeline = false, data = update })
end

---@param command lsp.Command
---@param context { bufnr: integer }
function M.on_start_command(command, context)
  local params = command.arguments[1]
  local buffer = params.uri and vim.uri_to_bufnr(params.uri) or context.bufnr
  splits.start(buffer, params)
end

---@param command lsp.Command
---@param method string
local function run_command(command, method)
  local params = command.arguments[1]
  local split = splits.get(params.runId)
  if not split then
    complain('That split has ended already.')
    return
  end
  splits.ask(split, method, params)
end

---@param command lsp.Command
function M.on_accept_command(command)
  run_command(command, 'orchestrator/split/accept')
end

---@param command lsp.Command
function M.on_discard_command(command)
  run_command(command, 'orchestrator/split/discard')
end

---@param command lsp.Command
---@param context { bufnr: integer, client_id: integer }
function M.on_stop_command(command, context)
  local params = command.arguments[1]
  if splits.get(params.runId) then
    run_command(command, 'orchestrator/run/stop')
    return
  end
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  client:request('orchestrator/run/stop', params, function(failure)
    if failure then
      complain(failure.message)
    end
  end, context.bufnr)
end

return M
