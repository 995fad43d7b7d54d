--- Keys for a proposal: which ones the user has, and the ones asked for by `ghost_keys`.
---
--- Apart from the ghosts because maps are global state of the editor: what is set here is taken back here.
---
--- Invariant: a key that the user mapped is never touched (test_ghost_keys_leave_the_users_maps_alone).

local options = require('orchestrator.options')

local M = {}

---@type table<integer, string[]> buffer to the keys that were set in it
local set_in = {}

---@param action orchestrator.GhostAction
---@return string
local function plug(action)
  return ('<Plug>(orchestrator-%s)'):format(action)
end

--- The key that does this in the buffer, as it is typed.
---@param buffer integer
---@param action orchestrator.GhostAction
---@return string?
function M.of(buffer, action)
  local maps = vim.list_extend(vim.api.nvim_buf_get_keymap(buffer, 'n'), vim.api.nvim_get_keymap('n'))
  for _, map in ipairs(maps) do
    if map.rhs == plug(action) then
      return vim.fn.keytrans(vim.keycode(map.lhs))
    end
  end
end

--- Sets `ghost_keys` for as long as the buffer shows proposals.
---@param buffer integer
function M.set(buffer)
  if set_in[buffer] then
    return
  end
  set_in[buffer] = {}
  for action, key in pairs(options.get().ghost_keys) do
    local taken = vim.api.nvim_buf_call(buffer, function()
      return vim.fn.maparg(key, 'n') ~= ''
    end)
    if not taken then
      vim.keymap.set('n', key, plug(action), { buffer = buffer, desc = 'Orchestrator: ' .. action })
      table.insert(set_in[buffer], key)
    end
  end
end

---@param buffer integer
function M.unset(buffer)
  for _, key in ipairs(set_in[buffer] or {}) do
    if vim.api.nvim_buf_is_valid(buffer) then
      pcall(vim.keymap.del, 'n', key, { buffer = buffer }) -- The user may have removed it.
    end
  end
  set_in[buffer] = nil
end

return M
