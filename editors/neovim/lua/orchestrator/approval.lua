--- The windows in which a person reads what they are asked to allow: an edit as a diff, a command in full.
---
--- Apart from the inbox, which lists and answers. What is shown comes from the server, with everything that
--- cannot be seen spelled out, and is exactly what would be done.
---
--- Invariant: both sides of a diff are made of the lines that the server sent, and no others
--- (test_both_sides_of_a_diff).

local M = {}

---@class orchestrator.ShownApproval
---@field buffers integer[]
---@field tab? integer

---@type table<string, orchestrator.ShownApproval> by id
local shown = {}

---@class orchestrator.Sides
---@field before string[]
---@field after string[]

--- A unified diff as two texts. What is no line of a file (names, places) stands on both sides.
---@param diff string
---@return orchestrator.Sides
function M.sides(diff)
  local before, after = {}, {} ---@type string[], string[]
  local left = { old = 0, new = 0 } -- lines of the hunk that are still to come
  local whole = false -- a file that is shown without places
  for line in vim.gsplit(diff, '\n', { plain = true }) do
    local old, new = line:match('^@@ %-%d+,(%d+) %+%d+,(%d+) @@$')
    local sign, text = line:sub(1, 1), line:sub(2)
    if (left.old > 0 or whole) and sign == '-' then
      before[#before + 1], left.old = text, left.old - 1
    elseif (left.new > 0 or whole) and sign == '+' then
      after[#after + 1], left.new = text, left.new - 1
    elseif left.old > 0 and left.new > 0 and sign == ' ' then
      before[#before + 1], after[#after + 1] = text, text
      left.old, left.new = left.old - 1, left.new - 1
    else
      whole = line == '@@ the whole file @@'
      left.old, left.new = tonumber(old) or 0, tonumber(new) or 0
      before[#before + 1], after[#after + 1] = line, line
    end
  end
  return { before = before, after = after }
end

---@param approval orchestrator.ApprovalInfo
---@param name string
---@param lines string[]
---@return integer buffer
local function new_buffer(approval, name, lines)
  local buffer = vim.api.nvim_create_buf(false, true)
  pcall(vim.api.nvim_buf_set_name, buffer, ('orchestrator://%s/%s'):format(name, approval.approvalId))
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].bufhidden = 'wipe'
  vim.b[buffer].orchestrator_approval = approval.approvalId
  vim.keymap.set('n', 'q', function()
    M.close(approval.approvalId)
  end, { buffer = buffer, nowait = true, desc = 'Orchestrator: close without an answer' })
  vim.keymap.set(
    'n',
    '<CR>',
    '<Cmd>Orchestrator answer<CR>',
    { buffer = buffer, desc = 'Orchestrator: answer' }
  )
  return buffer
end

---@param window integer
---@param text string
local function set_bar(window, text)
  vim.wo[window][0].winbar = text:gsub('%%', '%%%%')
end

---@param approval orchestrator.ApprovalInfo
---@return orchestrator.ShownApproval
local function show_edit(approval)
  local sides = M.sides(approval.detail.diff)
  -- What is said beside the diff: why it is asked, and what else an answer would cover.
  local notes = vim.split(approval.detail.text, '\n', { plain = true })
  notes = vim.list_slice(notes, #vim.split(approval.detail.diff, '\n', { plain = true }) + 1)
  local before = new_buffer(approval, 'before', sides.before)
  local after = new_buffer(approval, 'after', sides.after)
  vim.cmd.tabnew()
  vim.bo.bufhidden = 'wipe'
  vim.api.nvim_win_set_buf(0, before)
  local left = vim.api.nvim_get_current_win()
  local right = vim.api.nvim_open_win(after, true, { split = 'right', win = left })
  for _, window in ipairs({ left, right }) do
    vim.api.nvim_win_call(window, vim.cmd.diffthis)
    vim.wo[window][0].foldenable = false
  end
  set_bar(left, 'as it is')
  set_bar(right, 'as it would be: <CR> answers, q closes')
  local buffers = { before, after }
  if #notes > 0 then
    local below = new_buffer(approval, 'why', notes)
    local window = vim.api.nvim_open_win(below, false, { split = 'below', win = -1, height = #notes })
    vim.wo[window][0].winfixheight = true
    vim.wo[window][0].number = false
    buffers[3] = below
  end
  return { buffers = buffers, tab = vim.api.nvim_get_current_tabpage() }
end

--- Shows all of what is asked.
---@param approval orchestrator.ApprovalInfo
---@return boolean whole whether all of it is on the screen now
function M.show(approval)
  M.close(approval.approvalId)
  if type(approval.detail.diff) == 'string' then
    shown[approval.approvalId] = show_edit(approval)
    return false -- A diff is read at leisure.
  end
  local lines = vim.split(approval.detail.text, '\n', { plain = true })
  local buffer = new_buffer(approval, 'approval', lines)
  local most = math.max(math.floor(vim.o.lines / 2), 3)
  local window =
    vim.api.nvim_open_win(buffer, true, { split = 'below', win = -1, height = math.min(#lines, most) })
  vim.wo[window][0].wrap = true
  shown[approval.approvalId] = { buffers = { buffer } }
  local height = vim.api.nvim_win_text_height(window, {}).all
  vim.api.nvim_win_set_height(window, math.min(height, most))
  set_bar(window, '<CR> answers, q closes')
  return height < most
end

--- Whether its windows are there.
---@param id string
---@return boolean
function M.is_shown(id)
  local found = shown[id]
  return found ~= nil and #vim.fn.win_findbuf(found.buffers[1]) > 0
end

--- Closes the windows of one, if there are any.
---@param id string
function M.close(id)
  local found = shown[id]
  shown[id] = nil
  for _, buffer in ipairs(found and found.buffers or {}) do
    if vim.api.nvim_buf_is_valid(buffer) then
      vim.api.nvim_buf_delete(buffer, { force = true })
    end
  end
end

return M
