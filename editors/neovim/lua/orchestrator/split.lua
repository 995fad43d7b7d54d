--- Splits under way in this Neovim: started here, shown as ghosts, accepted or dropped.
---
--- The server decides everything; this module holds what each split shows and where.
---
--- Invariant: a split that ended, by whatever cause, leaves no ghost, no key and no autocommand
--- (test_nothing_is_left_after_the_end).

local display = require('orchestrator.display')
local ghosts = require('orchestrator.ghosts')
local keys = require('orchestrator.keys')
local server = require('orchestrator.server')

local M = {}

---@class orchestrator.Split
---@field run_id string
---@field client_id integer
---@field buffer integer
---@field ghosts orchestrator.Ghosts
---@field preview? orchestrator.SplitPreviewParams the newest
---@field accepting boolean an answer to `split/accept` is on its way, and will say what was written
---@field missed boolean the person was told that the task is gone

---@type table<string, orchestrator.Split> by run id
local splits = {}

---@type table<string, orchestrator.SplitPreviewParams> previews that came before the answer to `split/start`
local early = {}

--- Requests `split/start` without an answer yet.
local starting = 0

--- How long `:write` of a proposal waits, in milliseconds.
local answer_time = 5000

---@param text string
local function complain(text)
  display.tell(text, vim.log.levels.ERROR)
end

---@param buffer integer
---@return orchestrator.Split[]
local function splits_in(buffer)
  local found = {}
  for _, split in vim.spairs(splits) do
    if split.buffer == buffer then
      found[#found + 1] = split
    end
  end
  return found
end

---@param buffer integer
---@return string
local function group_name(buffer)
  return ('orchestrator.split.%d'):format(buffer)
end

---@param split orchestrator.Split
local function forget(split)
  splits[split.run_id] = nil
  split.ghosts:clear()
  if #splits_in(split.buffer) == 0 then
    keys.unset(split.buffer)
    pcall(vim.api.nvim_del_augroup_by_name, group_name(split.buffer))
  end
end

---@param split orchestrator.Split
---@param method string
---@param params table
---@param on_result? fun(result: table)
---@return boolean sent
local function ask(split, method, params, on_result)
  local client = vim.lsp.get_client_by_id(split.client_id)
  if not client then
    return false
  end
  params.runId = split.run_id
  -- The number of a real buffer, never 0: only then are pending changes sent first.
  local buffer = vim.api.nvim_buf_is_valid(split.buffer) and split.buffer or vim.api.nvim_get_current_buf()
  return client:request(method, params, function(problem, result)
    if problem then
      split.accepting = false
      complain(problem.message)
    elseif on_result then
      on_result(result)
    end
  end, buffer)
end

--- Ends a split whose buffer went away or was read again.
---@param buffer integer
---@param what string
local function abandon(buffer, what)
  for _, split in ipairs(splits_in(buffer)) do
    forget(split)
    ask(split, 'orchestrator/run/stop', {})
    display.tell(what .. ', so its split was stopped.')
  end
end

--- Follows the text for as long as the buffer shows a proposal.
---@param buffer integer
local function watch(buffer)
  if #splits_in(buffer) > 1 then
    return
  end
  local group = vim.api.nvim_create_augroup(group_name(buffer), { clear = true })
  local function redraw()
    for _, split in ipairs(splits_in(buffer)) do
      split.ghosts:draw()
      local gone = not split.ghosts:is_anchored()
      if gone and not split.missed then
        display.tell('The task being split is gone. u brings it back.')
      end
      split.missed = gone
    end
  end
  vim.api.nvim_create_autocmd(
    { 'TextChanged', 'TextChangedI' },
    { group = group, buffer = buffer, callback = redraw }
  )
  vim.api.nvim_create_autocmd({ 'WinResized', 'BufWinEnter' }, { group = group, callback = redraw })
  -- Both come while text is locked, hence the schedule. `:edit!` detaches too, and then the buffer is back.
  local lost = vim.schedule_wrap(function()
    local again = vim.api.nvim_buf_is_valid(buffer) and vim.api.nvim_buf_is_loaded(buffer)
    abandon(buffer, again and 'The file was read again' or 'The buffer was closed')
  end)
  vim.api.nvim_buf_attach(buffer, false, {
    on_lines = function()
      return #splits_in(buffer) == 0 -- true detaches
    end,
    on_reload = lost,
    on_detach = lost,
  })
end

---@param split orchestrator.Split
local function offer_to_force(split)
  local preview = assert(split.preview)
  local reason = display.visible((preview.message or ''):gsub('%s+', ' '))
  local prompt = ('"%s" needs no subtasks. %s'):format(display.visible(preview.title), reason)
  vim.ui.select(
    { 'Leave it as it is', 'Split it all the same' },
    { prompt = vim.trim(prompt) },
    function(_, choice)
      if choice == 2 and vim.api.nvim_buf_is_loaded(split.buffer) then
        M.start(split.buffer, { nodeId = preview.nodeId, levels = 1, force = true })
      end
    end
  )
end

---@param count integer
---@return string
local function written(count)
  return ('%d subtask%s written; u takes %s back.'):format(
    count,
    count == 1 and '' or 's',
    count == 1 and 'it' or 'them'
  )
end

---@param children orchestrator.GhostTask[]
---@return integer
local function count_all(children)
  local count = #children
  for _, child in ipairs(children) do
    count = count + count_all(child.children or {})
  end
  return count
end

--- What to do when a split has ended, by its state.
---@type table<string, fun(split: orchestrator.Split, preview: orchestrator.SplitPreviewParams)>
local endings = {
  applied = function(split, preview)
    if not split.accepting then
      display.say(written(count_all(preview.children)))
    end
  end,
  simple = function(split)
    offer_to_force(split)
  end,
  discarded = function()
    display.say('Discarded; nothing was written.')
  end,
  cancelled = function(_, preview)
    local reason = preview.message or ''
    display.say(reason ~= '' and reason or 'Stopped; nothing was written.')
  end,
  failed = function(_, preview)
    complain(preview.message ~= '' and preview.message or 'The split failed; nothing was written.')
  end,
}

local progress = {
  deciding = 'deciding…',
  planning = 'planning…',
  ready = 'ready: :Orchestrator accept, edit or discard',
}

---@param split orchestrator.Split
---@param preview orchestrator.SplitPreviewParams
local function show(split, preview)
  local known = split.preview
  if known and preview.seq <= known.seq then
    return
  end
  split.preview = preview
  local ending = endings[preview.state]
  if ending then
    forget(split)
    ending(split, preview)
    return
  end
  split.ghosts:draw(preview)
  if not known or known.state ~= preview.state then
    display.say(progress[preview.state] or preview.state)
  end
end

--- Last row of a range: an end at the start of a line does not touch that line.
---@param range lsp.Range
---@return integer
local function last_row(range)
  local last = range['end']
  return last.character == 0 and math.max(last.line - 1, range.start.line) or last.line
end

--- Starts a split and shows it.
---@param buffer integer
---@param params orchestrator.SplitStartParams without uri and version
function M.start(buffer, params)
  local client, problem = server.client(buffer)
  if not client then
    complain(problem)
    return
  end
  params.uri = vim.uri_from_bufnr(buffer)
  params.version = params.position and vim.lsp.util.buf_versions[buffer] or nil
  starting = starting + 1
  local sent = client:request('orchestrator/split/start', params, function(failure, result)
    starting = starting - 1
    if failure then
      complain(failure.message)
    elseif vim.api.nvim_buf_is_loaded(buffer) then
      M.begin(buffer, client.id, result)
    end
    if starting == 0 then
      early = {}
    end
  end, buffer)
  if not sent then
    starting = starting - 1
    complain('The server does not take requests any more. :edit starts it again.')
  end
end

--- Shows a split that the server has started.
---@param buffer integer
---@param client_id integer
---@param result orchestrator.SplitStartResult
function M.begin(buffer, client_id, result)
  local split = { ---@type orchestrator.Split
    run_id = result.runId,
    client_id = client_id,
    buffer = buffer,
    ghosts = ghosts.new(buffer, result.range.start.line, last_row(result.range)),
    accepting = false,
    missed = false,
  }
  splits[split.run_id] = split
  watch(buffer)
  keys.set(buffer)
  local preview = early[split.run_id]
  early[split.run_id] = nil
  if preview then
    show(split, preview)
  end
end

--- Starts a split of the task under the cursor.
---@param options? { recursive?: boolean, force?: boolean, line?: integer }
function M.at_cursor(options)
  options = options or {}
  local buffer = vim.api.nvim_get_current_buf()
  options.line = options.line or vim.api.nvim_win_get_cursor(0)[1]
  local later = function()
    if vim.api.nvim_get_current_buf() == buffer then
      M.at_cursor(options)
    end
  end
  if server.when_started(buffer, later) then
    display.say('the server is starting…')
    return
  end
  local client = server.client(buffer)
  local encoding = client and client.offset_encoding or 'utf-16'
  local row, column = options.line - 1, vim.api.nvim_win_get_cursor(0)[2]
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
  local position = { line = row, character = vim.str_utfindex(line, encoding, math.min(column, #line)) }
  -- The server stops at its setting split.maxDepth; 8 is the most that the protocol knows.
  M.start(
    buffer,
    { position = position, levels = options.recursive and 8 or 1, force = options.force or false }
  )
end

--- The split that a command means: the one at the cursor, or the only one of the buffer.
---@return orchestrator.Split? split
---@return string? problem
function M.find()
  local buffer = vim.api.nvim_get_current_buf()
  local editing = splits[vim.b[buffer].orchestrator_run]
  if editing then
    return editing
  end
  local found = splits_in(buffer)
  if #found == 0 then
    return nil, 'Nothing is split here; :Orchestrator split starts.'
  end
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  for _, split in ipairs(found) do
    local first, last = split.ghosts:rows()
    if #found == 1 or (first and first <= row and row <= last) then
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
  collect(split and split.preview and split.preview.children or {}, '')
  return numbers
end

--- Writes the proposal, or only some of it.
---@param numbers? string[] as shown: `{ '2', '3.1' }`; none: all
function M.accept(numbers)
  local split, problem = M.find()
  if not split then
    complain(problem)
    return
  end
  local items ---@type integer[][]?
  for _, number in ipairs(numbers or {}) do
    local path = path_of(number, split.preview and split.preview.children or {})
    if not path then
      complain(('There is no proposed subtask %s.'):format(number))
      return
    end
    items = items or {}
    items[#items + 1] = path
  end
  split.accepting = true
  ask(split, 'orchestrator/split/accept', { items = items }, function(result)
    display.say(written(result.added))
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
  ask(split, ready and 'orchestrator/split/discard' or 'orchestrator/run/stop', {})
end

--- Stops the split. A stopped split is not a judgement of its proposal, a discarded one is.
function M.stop()
  local split, problem = M.find()
  if not split then
    complain(problem)
    return
  end
  ask(split, 'orchestrator/run/stop', {})
end

--- Replaces the proposal by what a person made of it. Waits for the answer, as `:write` should.
---@param run_id string
---@param children orchestrator.GhostTask[]
---@param ordered boolean
---@return string? problem
function M.edit(run_id, children, ordered)
  local split = splits[run_id]
  local client = split and vim.lsp.get_client_by_id(split.client_id)
  if not client then
    return 'That split has ended: there is nothing left to change.'
  end
  local params = { runId = run_id, children = children, ordered = ordered }
  local answer, problem = client:request_sync('orchestrator/split/edit', params, answer_time, split.buffer)
  if not answer then
    return ('The server did not answer (%s). :Orchestrator log may say why.'):format(problem)
  end
  return answer.err and answer.err.message
end

--- Handler of `orchestrator/split/preview`.
---@type lsp.Handler
function M.on_preview(_, preview)
  local split = splits[preview.runId]
  if split then
    show(split, preview)
  elseif starting > 0 then
    early[preview.runId] = preview
  end
end

--- Handler of `orchestrator/run/update`: tells other plugins.
---@type lsp.Handler
function M.on_run_update(_, update)
  vim.api.nvim_exec_autocmds('User', { pattern = 'OrchestratorRunUpdate', modeline = false, data = update })
end

--- The server ended.
---@param client_id integer
---@return integer count of splits that ended with it
function M.on_server_exit(client_id)
  local lost = 0
  for _, split in pairs(splits) do
    if split.client_id == client_id then
      forget(split)
      lost = lost + 1
    end
  end
  return lost
end

---@param command lsp.Command
---@param context { bufnr: integer }
function M.on_start_command(command, context)
  local params = command.arguments[1]
  local buffer = params.uri and vim.uri_to_bufnr(params.uri) or context.bufnr
  M.start(buffer, params)
end

---@param command lsp.Command
---@param method string
local function run_command(command, method)
  local params = command.arguments[1]
  local split = splits[params.runId]
  if not split then
    complain('That split has ended already.')
    return
  end
  ask(split, method, params)
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
function M.on_stop_command(command)
  run_command(command, 'orchestrator/run/stop')
end

return M
