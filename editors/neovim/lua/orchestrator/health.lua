--- `:checkhealth orchestrator`: every part that must be in place, and for each that is not, what mends it.
---
--- What the editor can know is checked here; models, keys and folders are asked of the program, with
--- `orchestrator doctor --json`.
---
--- Invariant: every line that is not well says how to mend it (test_every_bad_line_says_how_to_mend_it).

local display = require('orchestrator.display')
local options = require('orchestrator.options')
local program = require('orchestrator.program')
local server = require('orchestrator.server')

local M = {}

--- How long the server's program may take to examine itself, in milliseconds.
local patience = 20000

local function check_editor()
  vim.health.start('Editor')
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. tostring(vim.version()))
  else
    vim.health.error(
      'Neovim ' .. tostring(vim.version()) .. ' is too old.',
      'Install Neovim 0.11 or later: https://neovim.io'
    )
  end
  local problems = options.problems()
  for _, problem in ipairs(problems) do
    vim.health.warn(problem, 'Correct it in your configuration: :help orchestrator-options')
  end
  if #problems == 0 then
    vim.health.ok('vim.g.orchestrator: nothing wrong in it')
  end
  if #vim.fn.getcompletion('orchestrator-install', 'help') > 0 then
    vim.health.ok(':help orchestrator')
  else
    vim.health.warn('The help is not indexed yet.', 'Run `:helptags ALL` once, then `:help orchestrator`.')
  end
  if vim.lsp.is_enabled(server.name) then
    vim.health.ok("vim.lsp.enable('orchestrator')")
  else
    vim.health.error('The server is not enabled.', "Put vim.lsp.enable('orchestrator') into your init.lua")
  end
end

--- What the screen can show: signs, ghosts and the tree are drawn with characters beyond ASCII.
local function check_terminal()
  vim.health.start('Terminal')
  local screen = vim.api.nvim_list_uis()[1]
  if not screen then
    vim.health.info('No screen is attached.')
    return
  end
  local colours = screen.term_colors or 256
  if vim.o.termguicolors then
    vim.health.ok('24-bit colours')
  elseif colours >= 8 then
    vim.health.ok(('%d colours: all highlight groups are links to standard ones'):format(colours))
  else
    vim.health.info('No colours: everything can be read without them.')
  end
  local locale = vim.env.LC_ALL or vim.env.LC_CTYPE or vim.env.LANG or ''
  if locale:lower():find('utf%-?8') or vim.fn.has('gui_running') == 1 or vim.fn.has('win32') == 1 then
    vim.health.ok('The locale is UTF-8: ' .. (locale ~= '' and locale or 'as the system says'))
  else
    vim.health.warn(
      ("The locale is '%s': the signs ●, ▸ and │ may not be shown."):format(locale),
      'Set LANG=C.UTF-8, or another UTF-8 locale, in the shell that starts Neovim.'
    )
  end
end

---@param clients vim.lsp.Client[]
local function check_clients(clients)
  if #clients == 0 then
    vim.health.info('No server is running. It starts with the first Markdown file.')
  end
  for _, client in ipairs(clients) do
    local spoken = vim.tbl_get(client.server_capabilities, 'experimental', 'orchestrator', 'protocol')
    local version = vim.tbl_get(client, 'server_info', 'version') or 'unknown'
    local place = client.root_dir or 'no folder'
    if spoken == server.protocol then
      vim.health.ok(('Running for %s: version %s, protocol %d'):format(place, version, spoken))
    else
      vim.health.error(
        ('Running for %s: version %s speaks protocol %s, this plugin %d.'):format(
          place,
          version,
          tostring(spoken),
          server.protocol
        ),
        'Update the program and the plugin to the same version.'
      )
    end
  end
end

---@class orchestrator.Finding
---@field level 'ok'|'note'|'problem'
---@field what string
---@field mend string

---@param path string of the program
---@return orchestrator.Finding[]? findings
---@return string? problem
local function examine(path)
  local ok, result = pcall(function()
    return vim
      .system({ path, 'doctor', '--json' }, {
        cwd = server.working_directory(),
        env = program.environment(options.get().settings),
        text = true,
      })
      :wait(patience)
  end)
  if not ok then
    return nil, tostring(result)
  end
  local parsed, answer = pcall(vim.json.decode, result.stdout or '')
  if parsed and type(answer) == 'table' and answer.schema == 1 then
    return answer.findings
  end
  return nil, ('exit code %d, %s'):format(result.code, vim.trim(result.stderr or '') or 'no message')
end

---@param path string of the program
local function check_program(path)
  vim.health.start('Models, keys and folders (orchestrator doctor)')
  local findings, problem = examine(path)
  if not findings then
    vim.health.error(
      ('`%s doctor --json` gave no answer: %s'):format(path, display.visible(problem --[[@as string]])),
      'Run it in a terminal, and install the program again if it fails there too.'
    )
    return
  end
  -- It is asked outside of any workspace, so what it says about one would be about another.
  local of_this_computer = vim.tbl_filter(function(finding)
    return not vim.startswith(finding.what, 'workspace:')
  end, findings)
  for _, finding in ipairs(of_this_computer) do
    local what = display.visible(finding.what)
    local mend = finding.mend ~= '' and display.visible(finding.mend) or nil
    if finding.level == 'ok' then
      vim.health.ok(what)
    elseif finding.level == 'note' then
      vim.health.info(what .. (mend and ('. To change that: %s'):format(mend) or ''))
    else
      vim.health.error(what, mend and ('Run: ' .. mend) or nil)
    end
  end
end

--- What `:checkhealth orchestrator` runs.
function M.check()
  check_editor()
  check_terminal()
  vim.health.start('Server')
  local clients = vim.lsp.get_clients({ name = server.name })
  local root = clients[1] and clients[1].root_dir or vim.fs.root(0, vim.lsp.config[server.name].root_markers)
  local argv, problem = server.argv(root)
  if argv then
    vim.health.ok(('Program: %s'):format(table.concat(argv, ' ')))
  else
    vim.health.error(problem --[[@as string]], 'See :help orchestrator-install')
  end
  check_clients(clients)
  if argv then
    check_program(argv[1])
  end
end

return M
