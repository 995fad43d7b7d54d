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

---@param name string
---@param run fun(split: table)
local function plug(name, run)
  vim.keymap.set('n', ('<Plug>(orchestrator-%s)'):format(name), function()
    run(require('orchestrator.split'))
  end)
end

plug('split', function(split)
  split.at_cursor()
end)
plug('split-recursive', function(split)
  split.at_cursor({ recursive = true })
end)
plug('accept', function(split)
  -- With a count only that one: 2 and the map.
  split.accept(vim.v.count > 0 and { tostring(vim.v.count) } or nil)
end)
plug('discard', function(split)
  split.discard()
end)
plug('stop', function(split)
  split.stop()
end)
plug('edit', function()
  require('orchestrator.proposal').open()
end)

-- The others do what their commands do, in Visual mode for the selected lines.
for _, name in ipairs({ 'replan', 'tree', 'runs', 'inbox', 'answer', 'log', 'health' }) do
  local map = ('<Plug>(orchestrator-%s)'):format(name)
  vim.keymap.set('n', map, ('<Cmd>Orchestrator %s<CR>'):format(name))
  vim.keymap.set('x', map, (':Orchestrator %s<CR>'):format(name), { silent = true })
end

for _, name in ipairs({ 'status', 'promote', 'demote', 'up', 'down' }) do
  local map = ('<Plug>(orchestrator-%s)'):format(name)
  vim.keymap.set('n', map, function()
    return require('orchestrator.edits').keys(name)
  end, { expr = true })
  vim.keymap.set('x', map, function()
    require('orchestrator.edits').selected(name)
  end)
end
