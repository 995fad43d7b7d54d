--- What a person does with runs: start, stop, resume, begin anew; by command, lens or code action.
---
--- Apart from `split`, because a run has no ghosts: what it does is seen in the text, in its progress and
--- in the messages of the server, which also asks what has to be asked before it starts.
---
--- Invariant: whoever started a run here is told how it ended (test_a_run_is_told_from_start_to_end).

local display = require('orchestrator.display')
local place = require('orchestrator.place')
local server = require('orchestrator.server')

local M = {}

--- How long completion waits for the runs there are, in milliseconds.
local answer_time = 1000

---@type table<string, true> runs that were started or resumed by a command of this editor
local ours = {}

---@param text string
local function complain(text)
  display.tell(text, vim.log.levels.ERROR)
end

--- Does something with the place of a command, when the server is there.
---@param line? integer
---@param action fun(buffer: integer, params: table)
local function with_place(line, action)
  local here = place.here(line)
  local later = function()
    if vim.api.nvim_get_current_buf() == here.buffer then
      with_place(line, action)
    end
  end
  if server.when_started(here.buffer, later) then
    display.say('the server is starting…')
    return
  end
  action(here.buffer, place.params(here))
end

--- From now on the person is told of this run.
---@param result orchestrator.RunStartResult
local function follow(result)
  ours[result.runId] = true
end

---@class orchestrator.RunOptions
---@field line? integer other than the cursor's
---@field last_line? integer of several, whose tasks run in one run
---@field all? boolean the whole outline
---@field auto? boolean interactive tasks too, without asking
---@field needed? boolean what they depend on, too
---@field restart? boolean begin anew

--- Runs the task under the cursor, with all that stands below it.
---@param options? orchestrator.RunOptions
function M.start(options)
  options = options or {}
  with_place(options.line, function(buffer, params)
    local first, last = options.line, options.last_line
    if options.all then
      params = { uri = params.uri }
    elseif first and last and last > first then
      params = place.range(first, last) or params
    end
    params.auto, params.needed, params.restart = options.auto, options.needed, options.restart
    server.request(buffer, 'orchestrator/run/start', params, follow)
  end)
end

--- The newest run that is wanted: of the task at the place if it has any, else of its outline.
---@param buffer integer
---@param at table
---@param wanted fun(run: orchestrator.RunInfo): boolean
---@param on_found fun(run?: orchestrator.RunInfo)
local function find(buffer, at, wanted, on_found)
  server.request(buffer, 'orchestrator/run/list', { uri = at.uri }, function(outline)
    local client = server.client(buffer)
    if not client then
      return
    end
    -- Refused where no task is.
    client:request('orchestrator/run/list', at, function(_, task)
      on_found(vim.iter(task and task.runs or {}):find(wanted) or vim.iter(outline.runs):find(wanted))
    end, buffer)
  end)
end

--- Goes on with a run: the named one, that of the task under the cursor, or the last one of the outline.
---@param run_id? string
function M.resume(run_id)
  with_place(nil, function(buffer, at)
    local function resume(id)
      server.request(buffer, 'orchestrator/run/resume', { runId = id }, follow)
    end
    if run_id then
      resume(run_id)
      return
    end
    find(buffer, at, function(run)
      return run.resumable
    end, function(run)
      if run then
        resume(run.runId)
      else
        complain('No run of this outline can be resumed; :Orchestrator run starts one.')
      end
    end)
  end)
end

--- Stops the run that works on the task under the cursor, or the last one of the outline.
---@param line? integer
function M.stop(line)
  with_place(line, function(buffer, at)
    find(buffer, at, function(run)
      return run.state == 'running'
    end, function(run)
      if run then
        server.request(buffer, 'orchestrator/run/stop', { runId = run.runId })
      else
        complain('Nothing is split and nothing runs here.')
      end
    end)
  end)
end

--- Says something to the task under the cursor, or to the nearest one above it that is worked on.
---@param text string
---@param line? integer
function M.correct(text, line)
  with_place(line, function(buffer, at)
    server.request(buffer, 'orchestrator/tree/locate', at, function(found)
      local work ---@type orchestrator.Work?
      for index = #found.path, 1, -1 do
        work = work or require('orchestrator.runs').work_on(at.uri, found.path[index])
      end
      if not work then
        complain('Nothing works on this task. :Orchestrator run starts it, and its text says what to do.')
        return
      end
      local params = { runId = work.run_id, taskId = work.task_id, text = text }
      server.request(buffer, 'orchestrator/run/correct', params, function(result)
        display.say(result.told)
      end)
    end)
  end)
end

--- Shows what a model is sent about the task under the cursor, in a buffer that cannot be written.
---@param purpose string `execute`, `plan`, `decide`, `verify` or `aggregate`
---@param line? integer
function M.context(purpose, line)
  with_place(line, function(buffer, params)
    params.purpose = purpose
    server.request(buffer, 'orchestrator/context', params, function(result)
      local shown = vim.api.nvim_create_buf(false, true)
      local lines = vim.tbl_map(display.visible, vim.split(result.document, '\n', { plain = true }))
      vim.api.nvim_buf_set_lines(shown, 0, -1, true, lines)
      vim.bo[shown].bufhidden = 'wipe'
      vim.bo[shown].modifiable = false
      vim.bo[shown].readonly = true
      vim.api.nvim_open_win(shown, true, { split = 'below', win = 0 })
      vim.wo.wrap = true
    end)
  end)
end

--- Ids of the runs that can be resumed, for completion.
---@return string[]
function M.resumable()
  local buffer = place.here().buffer
  local client = server.client(buffer)
  local params = { uri = vim.uri_from_bufnr(buffer) }
  local answer = client and client:request_sync('orchestrator/run/list', params, answer_time, buffer)
  local runs = answer and answer.result and answer.result.runs or {}
  return vim
    .iter(runs)
    :filter(function(run)
      return run.resumable
    end)
    :map(function(run)
      return run.runId
    end)
    :totable()
end

--- Something happened in a run.
---@param update orchestrator.RunUpdateParams
function M.on_update(update)
  if not ours[update.runId] then
    return
  end
  if update.kind == 'run.started' or update.kind == 'run.resumed' then
    local count = update.detail.tasks
    local title = display.visible(update.detail.title or '')
    local tasks = count == 1 and '1 task runs' or ('%d tasks run'):format(count)
    display.say(('"%s": %s; :Orchestrator stop stops.'):format(title, tasks))
  elseif update.kind == 'run.ended' then
    ours[update.runId] = nil
    local reason = update.detail.reason or ''
    -- The server's word for "because the person said so".
    local because = (reason ~= '' and reason ~= 'user') and (' (%s)'):format(display.visible(reason)) or ''
    local words = {
      completed = 'The run is over.',
      cancelled = ('The run was stopped%s; :Orchestrator resume goes on.'):format(because),
      paused = ('The run is paused%s; :Orchestrator resume goes on.'):format(because),
      failed = ('The run failed%s.'):format(because),
    }
    display.say(words[update.detail.state] or 'The run has ended.')
  end
end

return M
