--- The splits under way in this Neovim: what each shows, where, and how it ends.
---
--- Apart from `split`, which is what a person does with them. The server decides everything.
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
---@field replans boolean it changes the subtasks that there are
---@field missed boolean the person was told that the task is gone
---@field proposal? integer buffer in which the proposal is edited

---@type table<string, orchestrator.Split> by run id
local splits = {}

---@type table<string, orchestrator.SplitPreviewParams> previews that came before the answer to `split/start`
local early = {}

--- Requests `split/start` without an answer yet.
local starting = 0

---@param text string
local function complain(text)
  display.tell(text, vim.log.levels.ERROR)
end

---@param run_id? string
---@return orchestrator.Split?
function M.get(run_id)
  return splits[run_id]
end

---@param buffer integer
---@return orchestrator.Split[]
function M.of(buffer)
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

--- Closes the windows of the edited proposal, and goes back to the outline from there.
---@param split orchestrator.Split
local function close_proposal(split)
  local proposal = split.proposal
  if not proposal or not vim.api.nvim_buf_is_valid(proposal) then
    return
  end
  local outline = vim.fn.bufwinid(split.buffer)
  if outline ~= -1 and vim.api.nvim_get_current_buf() == proposal then
    vim.api.nvim_set_current_win(outline)
  elseif vim.api.nvim_buf_is_loaded(split.buffer) then
    for _, window in ipairs(outline == -1 and vim.fn.win_findbuf(proposal) or {}) do
      vim.bo[proposal].bufhidden = 'hide' -- It may hold changes, and is deleted below.
      vim.api.nvim_win_set_buf(window, split.buffer)
    end
  end
  vim.api.nvim_buf_delete(proposal, { force = true })
end

---@param split orchestrator.Split
local function forget(split)
  splits[split.run_id] = nil
  if not split.preview or split.preview.state ~= 'applied' then
    split.ghosts:scroll_back() -- Applied subtasks stand where the ghosts were: leave them in sight.
  end
  split.ghosts:clear()
  pcall(close_proposal, split) -- Not from within the command-line window, nor while text is locked.
  if #M.of(split.buffer) == 0 then
    keys.unset(split.buffer)
    pcall(vim.api.nvim_del_augroup_by_name, group_name(split.buffer))
  end
end

--- Sends a request about a split. A refusal is told to the person.
---@param split orchestrator.Split
---@param method string
---@param params table
---@param on_result? fun(result: table)
---@return boolean sent
function M.ask(split, method, params, on_result)
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
      local gone = method == 'orchestrator/split/accept' and not split.ghosts:is_anchored()
      local mend = gone and ' u brings the task back; :Orchestrator discard drops the proposal.' or ''
      complain(problem.message .. mend)
    elseif on_result then
      on_result(result)
    end
  end, buffer)
end

--- Ends a split whose buffer went away or was read again.
---@param buffer integer
---@param what string
local function abandon(buffer, what)
  for _, split in ipairs(M.of(buffer)) do
    forget(split)
    M.ask(split, 'orchestrator/run/stop', {})
    display.tell(what .. ', so its split was stopped.')
  end
end

--- The buffer has another name: the server knows it as another document from now on.
---@param buffer integer
function M.on_renamed(buffer)
  abandon(buffer, 'The buffer has another name now')
end

--- Follows the text for as long as the buffer shows a proposal.
---@param buffer integer
local function watch(buffer)
  if #M.of(buffer) > 1 then
    return
  end
  local group = vim.api.nvim_create_augroup(group_name(buffer), { clear = true })
  local function redraw()
    for _, split in ipairs(M.of(buffer)) do
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
      return #M.of(buffer) == 0 -- true detaches
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

--- What is said when subtasks were written.
---@param count integer
---@param changed? boolean whether it was a re-plan
---@return string
function M.written(count, changed)
  return ('%d %s%s written; u takes %s back.'):format(
    count,
    changed and 'change' or 'subtask',
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
      local changes = #(preview.changes or {})
      display.say(M.written(changes > 0 and changes or count_all(preview.children), changes > 0))
    end
  end,
  simple = function(split, preview)
    if split.replans then
      display.say(preview.message or '')
    else
      offer_to_force(split)
    end
  end,
  discarded = function()
    display.say('Discarded; nothing was written.')
  end,
  cancelled = function(_, preview)
    local reason = preview.message or ''
    -- The server's word for "because the person said so".
    local because = (reason ~= '' and reason ~= 'user') and (' (%s)'):format(reason) or ''
    display.say(('Stopped%s; nothing was written.'):format(because))
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

--- Tells the tree and other plugins.
---@param preview orchestrator.SplitPreviewParams
local function announce(preview)
  vim.api.nvim_exec_autocmds('User', { pattern = 'OrchestratorSplit', modeline = false, data = preview })
end

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
    announce(preview)
    ending(split, preview)
    return
  end
  split.ghosts:draw(preview)
  announce(preview)
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
      M.begin(buffer, client.id, result, params.replan)
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
---@param replans? boolean
function M.begin(buffer, client_id, result, replans)
  local split = { ---@type orchestrator.Split
    run_id = result.runId,
    client_id = client_id,
    buffer = buffer,
    ghosts = ghosts.new(buffer, result.range.start.line, last_row(result.range)),
    accepting = false,
    replans = replans or false,
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

return M
