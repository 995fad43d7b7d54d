--- Keys of our own buffers: a list of actions, the keys that the user chose, and a window that shows them.
---
--- Apart from the tree and the chat because both have the same kind of list.

local M = {}

---@class orchestrator.Action
---@field name string as in the option `keys`
---@field key string
---@field modes? string[] default: Normal mode
---@field summary string
---@field keys? fun(): string what it types, in place of what it runs
---@field selected? fun(first: integer, last: integer) what it does in Visual mode

--- The key of an action: the person's, or ours.
---@param action orchestrator.Action
---@param chosen table<string, string|false>
---@return string? key
function M.key_of(action, chosen)
  local key = chosen[action.name]
  if key == false then
    return nil
  end
  return key or action.key
end

--- In Visual mode `<<` and `dd` would wait for their second key: one will do, as in Vim.
local in_visual_mode = { ['<lt><lt>'] = '<lt>', ['>>'] = '>', dd = 'd' }

--- Does something with the lines that are selected, in Normal mode.
---@param selected fun(first: integer, last: integer)
local function with_selection(selected)
  local first, last = vim.fn.line('v'), vim.fn.line('.')
  vim.cmd.normal({ args = { vim.keycode('<Esc>') }, bang = true })
  selected(math.min(first, last), math.max(first, last))
end

--- Sets the keys of a buffer.
---@generic A: orchestrator.Action
---@param buffer integer
---@param actions A[]
---@param chosen table<string, string|false>
---@param run fun(action: A)
function M.set(buffer, actions, chosen, run)
  for _, action in ipairs(actions) do
    local key = M.key_of(action, chosen)
    local map = { buffer = buffer, nowait = true, desc = 'Orchestrator: ' .. action.summary }
    if key and action.keys then
      vim.keymap.set('n', key, action.keys, vim.tbl_extend('error', map, { expr = true }))
    elseif key then
      vim.keymap.set(action.modes or { 'n' }, key, function()
        run(action)
      end, map)
    end
    if key and action.selected then
      vim.keymap.set('x', in_visual_mode[key] or key, function()
        if action.keys then
          action.selected() -- It counts by itself.
        else
          with_selection(action.selected)
        end
      end, map)
    end
  end
end

--- Shows which key does what.
---@param actions orchestrator.Action[]
---@param chosen table<string, string|false>
---@param focus string
function M.show(actions, chosen, focus)
  local keys, widest = {}, 0 ---@type string[], integer
  for index, action in ipairs(actions) do
    local key = M.key_of(action, chosen)
    keys[index] = key and vim.fn.keytrans(vim.keycode(key)) or ''
    widest = math.max(widest, vim.fn.strdisplaywidth(keys[index]))
  end
  local lines = {} ---@type string[]
  for index, action in ipairs(actions) do
    if keys[index] ~= '' then
      local blanks = (' '):rep(widest - vim.fn.strdisplaywidth(keys[index]) + 2)
      lines[#lines + 1] = keys[index] .. blanks .. action.summary
    end
  end
  vim.lsp.util.open_floating_preview(lines, 'text', { focus_id = focus, wrap = false })
end

--- What is wrong with the option `keys`.
---@param value any
---@param actions orchestrator.Action[]
---@return string? problem
function M.check(value, actions)
  if type(value) ~= 'table' then
    return "must be a table such as { help = '<F1>' }"
  end
  local names = {} ---@type table<string, true>
  for _, action in ipairs(actions) do
    names[action.name] = true
  end
  for name, key in pairs(value) do
    if not names[name] then
      local known = table.concat(vim.fn.sort(vim.tbl_keys(names)), ', ')
      return ("has no action '%s': there are %s"):format(tostring(name), known)
    end
    if key ~= false and (type(key) ~= 'string' or key == '') then
      return ("needs a key for '%s', as a string, or false"):format(name)
    end
  end
end

return M
