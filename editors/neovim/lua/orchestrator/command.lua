--- `:Orchestrator {subcommand}`: finds the subcommand's file, runs it, completes its arguments.
---
--- Apart from `commands/` because each subcommand is loaded when it is used; only this file knows all names.
---
--- Invariant: every subcommand has a file, a help tag and completes (test_every_subcommand_is_complete).

local display = require('orchestrator.display')

local M = {}

---@class orchestrator.Call
---@field arguments string[]
---@field bang boolean
---@field line? integer the line given as a range, from 1
---@field last_line? integer the last one of the range

---@class orchestrator.Subcommand
---@field summary string one line
---@field run fun(call: orchestrator.Call)
---@field complete? fun(): string[] what its arguments may be
---@field bang? boolean whether it takes a bang

--- In the order in which they are shown.
M.names = {
  'split',
  'replan',
  'accept',
  'edit',
  'discard',
  'expand',
  'run',
  'resume',
  'restart',
  'stop',
  'correct',
  'chat',
  'context',
  'tree',
  'runs',
  'inbox',
  'answer',
  'status',
  'promote',
  'demote',
  'up',
  'down',
  'move',
  'delete',
  'find',
  'model',
  'history',
  'stats',
  'prompts',
  'export',
  'import',
  'trust',
  'log',
  'health',
}

---@param name string
---@return orchestrator.Subcommand?
function M.subcommand(name)
  if vim.list_contains(M.names, name) then
    return require('orchestrator.commands.' .. name)
  end
end

---@param words string[]
---@param start string
---@return string[]
local function starting_with(words, start)
  return vim.tbl_filter(function(word)
    return vim.startswith(word, start)
  end, words)
end

--- Without a subcommand: lets the person choose one.
local function choose()
  vim.ui.select(M.names, {
    prompt = 'Orchestrator',
    format_item = function(name)
      return ('%-8s %s'):format(name, M.subcommand(name).summary)
    end,
  }, function(name)
    if name then
      M.subcommand(name).run({ arguments = {}, bang = false })
    end
  end)
end

---@param options vim.api.keyset.create_user_command.command_args
function M.run(options)
  local name = options.fargs[1]
  if not name then
    choose()
    return
  end
  local bang = options.bang
  -- Both `:Orchestrator! split` and `:Orchestrator split!` are what people type.
  if name:sub(-1) == '!' then
    name, bang = name:sub(1, -2), true
  end
  local subcommand = M.subcommand(name)
  if not subcommand then
    local known = table.concat(M.names, ', ')
    display.tell(("There is no subcommand '%s'. There are %s."):format(name, known), vim.log.levels.ERROR)
    return
  end
  if bang and not subcommand.bang then
    display.tell(('%s takes no !.'):format(name), vim.log.levels.ERROR)
    return
  end
  if #options.fargs > 1 and not subcommand.complete then
    display.tell(('%s takes no arguments.'):format(name), vim.log.levels.ERROR)
    return
  end
  subcommand.run({
    arguments = vim.list_slice(options.fargs, 2),
    bang = bang,
    line = options.range > 0 and options.line1 or nil,
    last_line = options.range > 0 and options.line2 or nil,
  })
end

---@param lead string what stands before the cursor of the word that is completed
---@param line string the whole command line
---@return string[]
function M.complete(lead, line)
  local words = vim.split(line:gsub('^.-Orchestrator!?%s+', ''), '%s+')
  if #words <= 1 then
    return starting_with(M.names, lead)
  end
  local subcommand = M.subcommand((words[1]:gsub('!$', '')))
  local choices = subcommand and subcommand.complete and subcommand.complete() or {}
  return starting_with(choices, lead)
end

return M
