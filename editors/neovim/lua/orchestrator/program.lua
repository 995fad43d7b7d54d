--- Questions to the program itself, for what a person asks once in a while: `orchestrator stats`, …
---
--- Apart from the server because these are other processes, which read the same store and settings.

local display = require('orchestrator.display')
local options = require('orchestrator.options')
local server = require('orchestrator.server')

local M = {}

--- How long the program may take, in milliseconds.
local patience = 20000

--- Settings as the environment variables that say the same, so that the program sees what the server sees.
---@param settings table<string, any>
---@return table<string, string>
function M.environment(settings)
  local variables = { PYTHONSAFEPATH = '1' }
  ---@param prefix string
  ---@param values table<string, any>
  local function add(prefix, values)
    for key, value in pairs(values) do
      local name = prefix .. key:gsub('(%u)', '_%1'):upper()
      if type(value) == 'table' and not vim.islist(value) then
        add(name .. '__', value)
      elseif not vim.env[name] then
        variables[name] = type(value) == 'table' and vim.json.encode(value) or tostring(value)
      end
    end
  end
  add('ORCHESTRATOR_', settings)
  return variables
end

--- Runs a subcommand of the program outside of the workspace; a failure is told to the person.
---@param arguments string[]
---@param on_output fun(output: string)
function M.run(arguments, on_output)
  local clients = vim.lsp.get_clients({ name = server.name })
  local argv, problem = server.argv(clients[1] and clients[1].root_dir)
  if not argv then
    display.tell(problem --[[@as string]], vim.log.levels.ERROR)
    return
  end
  local command = vim.list_extend({ argv[1] }, arguments)
  vim.system(command, {
    cwd = server.working_directory(),
    env = M.environment(options.get().settings),
    text = true,
    timeout = patience,
  }, function(done)
    vim.schedule(function()
      if done.code == 0 then
        -- Without a result it says why on the other stream.
        on_output(done.stdout ~= '' and done.stdout or done.stderr or '')
        return
      end
      local said = vim.trim(done.stderr or '')
      display.tell(
        said ~= '' and said or ('`orchestrator %s` failed.'):format(arguments[1]),
        vim.log.levels.ERROR
      )
    end)
  end)
end

--- Shows text in a window of its own, read-only.
---@param name string
---@param text string
---@param filetype string
function M.show(name, text, filetype)
  local known = vim.fn.bufnr(vim.fn.fnameescape(name))
  local buffer = known ~= -1 and known or vim.api.nvim_create_buf(false, true)
  if known == -1 then
    vim.api.nvim_buf_set_name(buffer, name)
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text:gsub('\n$', ''), '\n', { plain = true }))
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].bufhidden = 'wipe'
  if vim.fn.bufwinid(buffer) == -1 then
    vim.api.nvim_open_win(buffer, true, { split = 'below', win = 0 })
  end
  vim.bo[buffer].filetype = filetype
  vim.wo[0][0].wrap = filetype ~= 'text'
end

return M
