--- What the user wrote into `vim.g.orchestrator`.
---
--- Apart from the rest so that it is read when first needed and checked in one place. A wrong option is
--- reported by its name and replaced by its default: the plugin works on.
---
--- Invariant: every wrong option is reported by name (test_wrong_options_are_reported_by_name).

---@class orchestrator.Options
---The program and its arguments. A name is looked up in `$PATH`, never inside the workspace; an absolute
---path is used as it is. Default: `{ 'orchestrator', 'serve' }`.
---@field cmd? string[]
---File for the server's log, passed as `--log`. Default: none, messages go to Neovim's own LSP log.
---@field log_file? string
---Settings of the server: `{ model = 'scripted/demo', split = { preview = false } }`.
---@field settings? table<string, any>
---Keys that work in a buffer while it shows a proposal, and only where you have none of your own:
---`{ accept = 'gsa', discard = 'gsd', edit = 'gse', stop = 'gss' }`. Default: none.
---@field ghost_keys? table<orchestrator.GhostAction, string>
---Whether a message says that something waits for you. Default: true.
---@field notify? boolean
---The window of `:Orchestrator tree`.
---@field tree? orchestrator.TreeOptions
---Buffers of `:Orchestrator chat`.
---@field chat? orchestrator.ChatOptions

---@class orchestrator.ChatOptions
---Where a chat opens: beside the outline, below it, in a tab page, or in its window. Default: `'right'`.
---@field layout? 'right'|'below'|'tab'|'here'
---Where a person writes: at the end of the chat, or in a window of its own below. Default: `'end'`.
---@field input? 'end'|'split'
---Other keys than those that `g?` shows, or false for none: `{ send = '<CR>' }`.
---@field keys? table<string, string|false>

---@class orchestrator.TreeOptions
---Beside the outline, or over it. Default: `'split'`.
---@field layout? 'split'|'float'
---Columns of the window beside the outline. Default: 40.
---@field width? integer
---Whether the tree follows the cursor of the outline, and the outline that of the tree. Default: true.
---@field follow? boolean
---Other keys than those that `g?` shows, or false for none: `{ split = '<F5>', stop = false }`.
---@field keys? table<string, string|false>

---@alias orchestrator.GhostAction 'accept'|'discard'|'edit'|'stop'

local display = require('orchestrator.display')

local M = {}

---@type orchestrator.Options
local defaults = {
  cmd = { 'orchestrator', 'serve' },
  log_file = nil,
  settings = {},
  ghost_keys = {},
  notify = true,
  tree = { layout = 'split', width = 40, follow = true, keys = {} },
  chat = { layout = 'right', input = 'end', keys = {} },
}

local ghost_actions = { accept = true, discard = true, edit = true, stop = true }

---@param value any
---@return string? problem
local function check_cmd(value)
  if type(value) ~= 'table' or not vim.islist(value) or #value == 0 then
    return "must be a list such as { 'orchestrator', 'serve' }"
  end
  for _, word in ipairs(value) do
    if type(word) ~= 'string' or word == '' then
      return 'must hold only non-empty strings'
    end
  end
end

---@param value any
---@return string? problem
local function check_ghost_keys(value)
  if type(value) ~= 'table' then
    return "must be a table such as { accept = 'gsa' }"
  end
  for action, key in pairs(value) do
    if not ghost_actions[action] then
      return ("has no action '%s': there are accept, discard, edit, stop"):format(tostring(action))
    end
    if type(key) ~= 'string' or key == '' then
      return ("needs a key for '%s', as a string"):format(action)
    end
  end
end

---@type table<string, fun(value: any): string?>
local tree_checks = {
  layout = function(value)
    if value ~= 'split' and value ~= 'float' then
      return "must be 'split' or 'float'"
    end
  end,
  width = function(value)
    if type(value) ~= 'number' or value < 10 or value > 1000 or value % 1 ~= 0 then
      return 'must be a whole number from 10 to 1000'
    end
  end,
  follow = function(value)
    if type(value) ~= 'boolean' then
      return 'must be true or false'
    end
  end,
  keys = function(value)
    return require('orchestrator.actions').check(value, require('orchestrator.tree').actions)
  end,
}

---@type table<string, fun(value: any): string?>
local chat_checks = {
  layout = function(value)
    if value ~= 'right' and value ~= 'below' and value ~= 'tab' and value ~= 'here' then
      return "must be 'right', 'below', 'tab' or 'here'"
    end
  end,
  input = function(value)
    if value ~= 'end' and value ~= 'split' then
      return "must be 'end' or 'split'"
    end
  end,
  keys = function(value)
    return require('orchestrator.actions').check(value, require('orchestrator.chat.acting').keys)
  end,
}

--- A table of options with checks of their own; the wrong one is named.
---@param value any
---@param inner table<string, fun(value: any): string?>
---@return string? problem
local function check_table(value, inner)
  if type(value) ~= 'table' or (next(value) ~= nil and vim.islist(value)) then
    return 'must be a table'
  end
  for name, one in vim.spairs(value) do
    local check = inner[name]
    local problem = check and check(one) or nil
    if not check then
      return ("has no option '%s': there are %s"):format(
        tostring(name),
        table.concat(vim.fn.sort(vim.tbl_keys(inner)), ', ')
      )
    elseif problem then
      return ('%s %s'):format(name, problem)
    end
  end
end

---@type table<string, fun(value: any): string?>
local checks = {
  cmd = check_cmd,
  log_file = function(value)
    if type(value) ~= 'string' or value == '' then
      return 'must be a path'
    end
  end,
  settings = function(value)
    if type(value) ~= 'table' or (next(value) ~= nil and vim.islist(value)) then
      return "must be a table such as { model = 'scripted/demo' }"
    end
  end,
  ghost_keys = check_ghost_keys,
  notify = function(value)
    if type(value) ~= 'boolean' then
      return 'must be true or false'
    end
  end,
  tree = function(value)
    return check_table(value, tree_checks)
  end,
  chat = function(value)
    return check_table(value, chat_checks)
  end,
}

---@return orchestrator.Options options complete: defaults where nothing (or nothing right) is set
---@return string[] problems one line each, by name
local function read()
  local options = vim.deepcopy(defaults)
  local given = vim.g.orchestrator
  if given == nil then
    return options, {}
  end
  if type(given) ~= 'table' then
    return options, { 'vim.g.orchestrator must be a table (see :help orchestrator-options)' }
  end
  local problems = {} ---@type string[]
  for name, value in vim.spairs(given) do
    local check = checks[name]
    local problem = check and check(value) or nil
    if not check then
      local known = table.concat(vim.fn.sort(vim.tbl_keys(checks)), ', ')
      problems[#problems + 1] = ('vim.g.orchestrator.%s: there is no such option; there are %s'):format(
        name,
        known
      )
    elseif problem then
      problems[#problems + 1] = ('vim.g.orchestrator.%s: %s'):format(name, problem)
    else
      options[name] = type(defaults[name]) == 'table'
          and not vim.islist(value)
          and vim.tbl_extend('force', defaults[name], value)
        or value
    end
  end
  return options, problems
end

--- The options in force. Problems are reported once each.
---@return orchestrator.Options
function M.get()
  local options, problems = read()
  for _, problem in ipairs(problems) do
    display.tell_once(problem, vim.log.levels.WARN)
  end
  return options
end

--- What is wrong with `vim.g.orchestrator`, for `:checkhealth`.
---@return string[] problems
function M.problems()
  local _, problems = read()
  return problems
end

return M
