--- Finds a task of all outlines of the workspace: with the picker that is there, else with `vim.ui.select`.

--- Pickers that ask the server while one types. None is required; the first that is there is used.
---@type { module: string, open: fun(picker: table) }[]
local pickers = {
  {
    module = 'telescope.builtin',
    open = function(picker)
      picker.lsp_dynamic_workspace_symbols()
    end,
  },
  {
    module = 'fzf-lua',
    open = function(picker)
      picker.lsp_live_workspace_symbols()
    end,
  },
  {
    module = 'snacks.picker',
    open = function(picker)
      picker.lsp_workspace_symbols()
    end,
  },
}

---@param symbol lsp.WorkspaceSymbol
---@param client vim.lsp.Client
local function go(symbol, client)
  local location = symbol.location
  if location.range then
    vim.lsp.util.show_document(location --[[@as lsp.Location]], client.offset_encoding, { focus = true })
    return
  end
  local buffer = next(client.attached_buffers)
  client:request('workspaceSymbol/resolve', symbol, function(problem, resolved)
    if problem then
      require('orchestrator.display').tell(problem.message, vim.log.levels.ERROR)
    else
      vim.lsp.util.show_document(resolved.location, client.offset_encoding, { focus = true })
    end
  end, buffer)
end

---@param words string
local function find(words)
  local display = require('orchestrator.display')
  local server = require('orchestrator.server')
  local buffer = require('orchestrator.place').here().buffer
  server.request(buffer, 'workspace/symbol', { query = words }, function(symbols)
    local client = server.client(buffer)
    if not client or type(symbols) ~= 'table' or #symbols == 0 then
      display.say(('no task was found for "%s".'):format(words))
      return
    end
    vim.ui.select(symbols, {
      prompt = ('Tasks: %s'):format(words),
      kind = 'orchestrator.task',
      format_item = function(symbol)
        local file = vim.fs.basename(vim.uri_to_fname(symbol.location.uri))
        return ('%s  (%s)'):format(display.visible(symbol.name), file)
      end,
    }, function(symbol)
      if symbol then
        go(symbol, client)
      end
    end)
  end)
end

---@type orchestrator.Subcommand
return {
  summary = 'Find a task of all outlines of the workspace',
  complete = function()
    return {}
  end,
  run = function(call)
    local words = table.concat(call.arguments, ' ')
    if words ~= '' then
      find(words)
      return
    end
    for _, picker in ipairs(pickers) do
      local there, module = pcall(require, picker.module)
      if there then
        picker.open(module)
        return
      end
    end
    vim.ui.input({ prompt = 'Find a task: ' }, function(typed)
      if typed then
        find(typed)
      end
    end)
  end,
}
