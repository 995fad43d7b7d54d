-- Names only: the command and the maps. What they do is loaded when it is used, and the maps are made when
-- Neovim has started, before it reads the first key.
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

---@param mode string
---@param name string
---@param rhs string|fun(): string?
---@param expr? boolean
local function plug(mode, name, rhs, expr)
  local called = type(rhs) == 'function'
  -- And not `vim.keymap.set`, which takes three times as long.
  vim.api.nvim_set_keymap(
    mode,
    '<Plug>(orchestrator-' .. name .. ')',
    called and '' or rhs --[[@as string]],
    {
      callback = called and rhs or nil,
      noremap = true,
      silent = true,
      desc = 'Orchestrator: ' .. name,
      expr = expr,
      replace_keycodes = expr,
    }
  )
end

--- These do what their commands do, for the lines that are counted or selected.
local on_lines = {
  'split',
  'replan',
  'expand',
  'run',
  'restart',
  'stop',
  'correct',
  'context',
  'chat',
  'model',
}

--- Lines mean nothing to these.
local anywhere = {
  'edit',
  'discard',
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
  'trust',
  'log',
  'health',
}

--- `.` does these again.
local edits = { 'status', 'promote', 'demote', 'up', 'down', 'delete' }

local function make_maps()
  for _, name in ipairs(on_lines) do
    -- A count before a colon is a range.
    plug('', name, ':Orchestrator ' .. name .. '<CR>')
  end
  plug('', 'split-recursive', ':Orchestrator split!<CR>')
  for _, name in ipairs(anywhere) do
    plug('', name, '<Cmd>Orchestrator ' .. name .. '<CR>')
  end
  plug('n', 'accept', function()
    -- With a count only that one: 2 and the map.
    require('orchestrator.split').accept(vim.v.count > 0 and { tostring(vim.v.count) } or nil)
  end)
  for _, name in ipairs(edits) do
    plug('n', name, function()
      return require('orchestrator.edits').keys(name)
    end, true)
    plug('x', name, function()
      require('orchestrator.edits').selected(name)
    end)
  end
end

if vim.v.vim_did_enter == 1 then
  make_maps()
else
  vim.schedule(make_maps)
end
