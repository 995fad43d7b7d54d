-- Names only: the command and the maps. What they do is loaded when it is used.
if vim.g.loaded_orchestrator then
  return
end
vim.g.loaded_orchestrator = true

vim.api.nvim_create_user_command('Orchestrator', function(options)
  require('orchestrator.command').run(options)
end, {
  nargs = '*',
  bang = true,
  range = true,
  desc = 'Orchestrator: split tasks of an outline (:help :Orchestrator)',
  complete = function(lead, line)
    return require('orchestrator.command').complete(lead, line)
  end,
})

local set = vim.api.nvim_set_keymap -- and not `vim.keymap.set`, which takes three times as long

---@param mode string
---@param name string
---@param rhs string|fun(): string?
---@param expr? boolean
local function plug(mode, name, rhs, expr)
  local called = type(rhs) == 'function'
  set(mode, '<Plug>(orchestrator-' .. name .. ')', called and '' or rhs --[[@as string]], {
    callback = called and rhs or nil,
    noremap = true,
    silent = true,
    desc = 'Orchestrator: ' .. name,
    expr = expr,
    replace_keycodes = expr,
  })
end

---@param name string
---@param run fun(split: table)
local function split(name, run)
  plug('n', name, function()
    run(require('orchestrator.split'))
  end)
end

split('split', function(module)
  module.at_cursor()
end)
split('split-recursive', function(module)
  module.at_cursor({ recursive = true })
end)
split('accept', function(module)
  -- With a count only that one: 2 and the map.
  module.accept(vim.v.count > 0 and { tostring(vim.v.count) } or nil)
end)
split('discard', function(module)
  module.discard()
end)
plug('n', 'edit', function()
  require('orchestrator.proposal').open()
end)

-- These do what their commands do: for the selected lines too, or in any mode where lines mean nothing.
local on_lines = { 'replan', 'expand', 'run', 'restart', 'stop', 'correct', 'context', 'chat', 'model' }
for _, name in ipairs(on_lines) do
  plug('n', name, '<Cmd>Orchestrator ' .. name .. '<CR>')
  plug('x', name, ':Orchestrator ' .. name .. '<CR>')
end
for _, name in ipairs({
  'resume',
  'move',
  'tree',
  'runs',
  'inbox',
  'answer',
  'find',
  'history',
  'stats',
  'prompts',
  'export',
  'import',
  'log',
  'health',
}) do
  plug('', name, '<Cmd>Orchestrator ' .. name .. '<CR>')
end

for _, name in ipairs({ 'status', 'promote', 'demote', 'up', 'down', 'delete' }) do
  plug('n', name, function()
    return require('orchestrator.edits').keys(name)
  end, true)
  plug('x', name, function()
    require('orchestrator.edits').selected(name)
  end)
end
