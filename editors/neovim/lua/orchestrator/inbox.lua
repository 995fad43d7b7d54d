--- What waits for a person: as a quickfix list, with answers, and all that is asked shown before an answer.
---
--- Apart from the runs because a question outlives them: it waits in the store.
---
--- Invariant: nothing is approved that was not shown whole (test_an_edit_is_shown_before_it_can_be_approved).
--- Invariant: a person is notified when they are needed, and else never (test_only_a_question_notifies).

local display = require('orchestrator.display')
local options = require('orchestrator.options')
local server = require('orchestrator.server')

local M = {}

local list_title = 'Orchestrator: what waits for you'

--- How long several questions are gathered into one message, in milliseconds.
local gathering = 150

---@type table<string, orchestrator.ApprovalInfo> open ones, by id
local open = {}

--- Open ones, the oldest first.
---@return orchestrator.ApprovalInfo[]
function M.all()
  local found = vim.tbl_values(open)
  table.sort(found, function(one, other)
    if one.created ~= other.created then
      return one.created < other.created
    end
    return one.approvalId < other.approvalId
  end)
  return found
end

---@return integer
function M.count()
  return vim.tbl_count(open)
end

---@param id string
---@return orchestrator.ApprovalInfo?
function M.get(id)
  return open[id]
end

--- A client to ask: that of this buffer, or any. What waits is the same for all.
---@return vim.lsp.Client?
local function any_client()
  local buffer = vim.api.nvim_get_current_buf()
  return server.client(buffer) or vim.lsp.get_clients({ name = server.name })[1]
end

---@param method string
---@param params table
---@param on_result fun(result: table)
local function ask(method, params, on_result)
  local client = any_client()
  if not client then
    display.tell('No server runs: open an outline first.', vim.log.levels.ERROR)
    return
  end
  local buffer = next(client.attached_buffers) or vim.api.nvim_get_current_buf()
  client:request(method, params, function(failure, result)
    if failure then
      display.tell(failure.message, vim.log.levels.ERROR)
    else
      on_result(result)
    end
  end, buffer)
end

--- Where the line of a task is: in its buffer, else in its file.
---@param uri? string|vim.NIL
---@param task_id? string|vim.NIL
---@return string? path
---@return integer line from 1
local function find_task(uri, task_id)
  if type(uri) ~= 'string' or not vim.startswith(uri, 'file:') then
    return nil, 1
  end
  local path = vim.uri_to_fname(uri)
  local buffer = vim.fn.bufnr(path)
  local lines ---@type string[]
  if buffer ~= -1 and vim.api.nvim_buf_is_loaded(buffer) then
    lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  else
    lines = vim.fn.filereadable(path) == 1 and vim.fn.readfile(path) or {}
  end
  if type(task_id) == 'string' then
    local pattern = '%s%^' .. vim.pesc(task_id) .. '%s*$'
    for number, line in ipairs(lines) do
      if line:find(pattern) then
        return path, number
      end
    end
  end
  return path, 1
end

---@param approval orchestrator.ApprovalInfo
---@return string
local function one_line(approval)
  local task = approval.task ~= '' and ('"%s" asks: '):format(approval.task) or ''
  return display.visible((task .. approval.title):gsub('%s*[\r\n]+%s*', ' '))
end

--- The list in the quickfix window, if it is the one that is shown there.
---@param fresh boolean a new list
local function fill(fresh)
  local items = vim.tbl_map(function(approval)
    local path, line = find_task(approval.uri, approval.taskId)
    return {
      filename = path,
      module = path and vim.fn.fnamemodify(path, ':t') or nil,
      lnum = line,
      text = one_line(approval),
      type = 'W',
      user_data = approval.approvalId,
    }
  end, M.all())
  local what = { title = list_title, items = items }
  if fresh then
    vim.fn.setqflist({}, ' ', what)
  elseif vim.fn.getqflist({ title = 0 }).title == list_title then
    local index = vim.fn.getqflist({ idx = 0 }).idx
    vim.fn.setqflist({}, 'r', vim.tbl_extend('error', what, { idx = math.max(1, math.min(index, #items)) }))
  end
end

---@param on_done fun()
local function refresh(on_done)
  ask('orchestrator/approval/list', vim.empty_dict(), function(result)
    open = {}
    for _, approval in ipairs(result.approvals) do
      open[approval.approvalId] = approval
    end
    on_done()
  end)
end

---@param approval orchestrator.ApprovalInfo
---@param answer string
local function answer_with(approval, answer)
  local params = { approvalId = approval.approvalId, answer = answer }
  ask('orchestrator/question/answer', params, function()
    open[approval.approvalId] = nil
    fill(false)
    require('orchestrator.approval').close(approval.approvalId)
    display.say(('answered: %s'):format(answer))
  end)
end

---@param approval orchestrator.ApprovalInfo
local function choose(approval)
  local prompt = one_line(approval)
  if #approval.choices == 0 then
    vim.ui.input({ prompt = prompt .. ' ' }, function(answer)
      if answer and answer:find('%S') then
        answer_with(approval, answer)
      end
    end)
    return
  end
  vim.ui.select(approval.choices, { prompt = prompt, kind = 'orchestrator.answer' }, function(choice)
    if choice then
      answer_with(approval, choice)
    end
  end)
end

--- Asks for the answer to one, after all of it was shown. A list of choices would lie over what it is
--- about, so that is read first.
---@param approval orchestrator.ApprovalInfo
function M.answer(approval)
  local text = approval.detail.text
  local approvals = require('orchestrator.approval')
  if type(text) == 'string' and text ~= '' and not approvals.is_shown(approval.approvalId) then
    local whole = approvals.show(approval)
    if not whole or #approval.choices > 0 then
      display.say('read it, then press Enter there to answer.')
      return
    end
    vim.cmd.redraw()
  end
  choose(approval)
end

--- The one that a command means: that of the window, of the row of the list, of the task here, or the oldest.
---@return orchestrator.ApprovalInfo?
local function meant()
  local shown = vim.b.orchestrator_approval
  if shown then
    return open[shown]
  end
  if vim.bo.buftype == 'quickfix' then
    local item = vim.fn.getqflist()[vim.fn.line('.')]
    return item and open[item.user_data]
  end
  local path, row = vim.api.nvim_buf_get_name(0), vim.fn.line('.')
  local all = M.all()
  for _, approval in ipairs(all) do
    local file, line = find_task(approval.uri, approval.taskId)
    if file == path and line == row then
      return approval
    end
  end
  return all[1]
end

--- `:Orchestrator answer`.
function M.answer_here()
  refresh(function()
    local approval = meant()
    if approval then
      M.answer(approval)
    else
      display.say('nothing waits for you.')
    end
  end)
end

--- `:Orchestrator inbox`.
function M.show()
  refresh(function()
    if M.count() == 0 then
      fill(false)
      display.say('nothing waits for you.')
      return
    end
    fill(true)
    vim.cmd('botright copen')
  end)
end

---@type string[] ids that are to be told of
local to_tell = {}

local function tell()
  local waiting = vim.tbl_filter(function(approval)
    return vim.list_contains(to_tell, approval.approvalId)
  end, M.all())
  to_tell = {}
  if #waiting == 1 then
    display.tell(one_line(waiting[1]) .. ' :Orchestrator answer', vim.log.levels.WARN)
  elseif #waiting > 1 then
    display.tell(('%d questions wait for you. :Orchestrator inbox'):format(#waiting), vim.log.levels.WARN)
  end
end

--- Handler of `orchestrator/approval/changed`.
---@type lsp.Handler
function M.on_changed(_, params)
  local approval = params.approval
  local known = open[approval.approvalId] ~= nil
  open[approval.approvalId] = approval.state == 'open' and approval or nil
  if approval.state == 'open' and not known and options.get().notify then
    to_tell[#to_tell + 1] = approval.approvalId
    if #to_tell == 1 then
      vim.defer_fn(tell, gathering)
    end
  elseif approval.state ~= 'open' then
    local approvals = package.loaded['orchestrator.approval']
    if approvals then
      approvals.close(approval.approvalId)
    end
  end
  fill(false)
  vim.api.nvim_exec_autocmds('User', { pattern = 'OrchestratorInbox', modeline = false, data = approval })
  require('orchestrator.runs').redraw_status()
end

return M
