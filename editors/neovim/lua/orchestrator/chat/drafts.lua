--- Undo for a draft below text that streams: `u` takes back what the person typed, and nothing else.
---
--- Neovim has one history for all of a buffer. Streamed text must not be in it, and text that comes above
--- a change makes that change impossible to take back. So the states of the draft are kept here, and after
--- each piece Neovim's history is made anew of them: `u`, `CTRL-R`, `:undo`, `g-` and counts work as ever.
---
--- Invariant: after any piece, `u` gives the draft as it was one change before
--- (test_undo_takes_back_the_draft_and_nothing_else).

local M = {}

--- States that are kept, and lines of all of them: a pasted book is not kept a hundred times.
local most_states, most_lines = 100, 5000

---@class orchestrator.chat.Drafts
---@field buffer integer
---@field first fun(): integer row of the draft's first line, from 0
---@field states string[][] from the oldest to the newest
---@field at integer the one that stands there
---@field last integer number of Neovim's newest change when that state was seen
---@field lost boolean Neovim's own history was cleared
local Drafts = {}
Drafts.__index = Drafts

---@param buffer integer
---@param first fun(): integer
---@return orchestrator.chat.Drafts
function M.new(buffer, first)
  return setmetatable(
    { buffer = buffer, first = first, states = {}, at = 0, last = -1, lost = false },
    Drafts
  )
end

---@return string[]
function Drafts:_lines()
  return vim.api.nvim_buf_get_lines(self.buffer, self.first(), -1, false)
end

--- Whether the person is in the middle of a change, a selection or an operator in this buffer.
---@return boolean
function Drafts:_is_busy()
  local mode = vim.api.nvim_get_mode().mode
  return vim.api.nvim_get_current_buf() == self.buffer and not mode:find('^c') and not mode:find('^ni?$')
end

--- Forgets the oldest states when there are too many.
function Drafts:_trim()
  local count = 0
  for index = #self.states, 1, -1 do
    count = count + #self.states[index]
    if #self.states - index >= most_states or (count > most_lines and index < self.at) then
      self.states = vim.list_slice(self.states, index + 1)
      self.at = self.at - index
      return
    end
  end
end

---@return integer
function Drafts:_newest_change()
  return vim.fn.undotree(self.buffer).seq_last
end

--- The draft is as it is now: a state that is known, when Neovim went back or on to it, or a new one.
function Drafts:note()
  local lines = self:_lines()
  if self.at > 0 and vim.deep_equal(self.states[self.at], lines) then
    return
  end
  local last = self:_newest_change()
  local nearest ---@type integer?
  for index, state in ipairs(last == self.last and self.states or {}) do
    local closer = not nearest or math.abs(index - self.at) < math.abs(nearest - self.at)
    if closer and vim.deep_equal(state, lines) then
      nearest = index
    end
  end
  self.last = last
  if nearest then
    self.at = nearest
  else
    self.states = vim.list_slice(self.states, 1, self.at)
    self.states[#self.states + 1] = lines
    self.at = #self.states
    self:_trim()
  end
end

--- Neovim's history was cleared, with the text above the draft changed.
function Drafts:lose()
  self.lost = true
end

---@param lines string[]
function Drafts:_put(lines)
  vim.api.nvim_buf_set_lines(self.buffer, self.first(), -1, false, lines)
end

--- Makes Neovim's history anew, unless the person is in the middle of something.
function Drafts:restore()
  if not self.lost or self:_is_busy() then
    return
  end
  self.lost = false
  self:note()
  if #self.states < 2 then
    return
  end
  local cursors = {} ---@type table<integer, vim.fn.winsaveview.ret>
  for _, window in ipairs(vim.fn.win_findbuf(self.buffer)) do
    cursors[window] = vim.api.nvim_win_call(window, vim.fn.winsaveview)
  end
  local bo = vim.bo[self.buffer]
  local levels = vim.api.nvim_get_option_value('undolevels', { scope = 'local', buf = self.buffer })
  bo.undolevels = -1
  self:_put(self.states[1])
  for index = 2, #self.states do
    bo.undolevels = levels -- Setting it ends a step.
    self:_put(self.states[index])
  end
  bo.undolevels = levels
  if self.at < #self.states then
    vim.api.nvim_buf_call(self.buffer, function()
      for _ = self.at + 1, #self.states do
        vim.cmd('silent undo')
      end
    end)
  end
  self.last = self:_newest_change()
  for window, view in pairs(cursors) do
    vim.api.nvim_win_call(window, function()
      vim.fn.winrestview(view)
    end)
  end
end

--- Follows what the person does.
---@param on_change fun()
function Drafts:watch(on_change)
  local function changed()
    if not self:_is_busy() then
      self:note()
      self:restore()
      on_change()
    end
  end
  local group = vim.api.nvim_create_augroup(('orchestrator.draft.%d'):format(self.buffer), {})
  vim.api.nvim_create_autocmd(
    { 'TextChanged', 'InsertLeave' },
    { group = group, buffer = self.buffer, callback = changed }
  )
  vim.api.nvim_create_autocmd('ModeChanged', { -- after a selection
    group = group,
    pattern = '*:n',
    callback = function()
      if vim.api.nvim_get_current_buf() == self.buffer then
        self:restore()
      end
    end,
  })
  vim.api.nvim_create_autocmd('BufWipeout', {
    group = group,
    buffer = self.buffer,
    callback = function()
      vim.api.nvim_del_augroup_by_id(group)
    end,
  })
end

return M
