--- The outline in another form, in a window or in a file.

local formats = { 'json', 'markdown', 'csv', 'metrics' }
local filetypes = { json = 'json', markdown = 'markdown', csv = 'csv', metrics = 'csv' }

---@type orchestrator.Subcommand
return {
  summary = 'Export the outline, its conversations, its calls or its metrics',
  bang = true,
  complete = function()
    return formats
  end,
  run = function(call)
    local server = require('orchestrator.server')
    local buffer = require('orchestrator.place').here().buffer
    local format, path = call.arguments[1] or 'json', call.arguments[2]
    local params = { uri = vim.uri_from_bufnr(buffer), format = format, replace = call.bang }
    if path then
      path = vim.fn.fnamemodify(vim.fn.expand(path), ':p')
      params.to = vim.uri_from_fname(path)
    end
    server.request(buffer, 'orchestrator/export', params, function(result)
      local removed = result.removed > 0 and (' %d keys were left out.'):format(result.removed) or ''
      if path then
        require('orchestrator.display').say(
          ('written to %s.%s'):format(vim.fn.fnamemodify(path, ':~:.'), removed)
        )
      else
        local name = ('orchestrator://export/%d%s'):format(buffer, result.suffix)
        require('orchestrator.program').show(name, result.text, filetypes[format] or 'text')
      end
    end)
  end,
}
