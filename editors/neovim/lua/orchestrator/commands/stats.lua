--- What was done and what it took, as a table; with ! as a page with charts in the browser.

local kinds = { 'all', 'day', 'model', 'executor', 'outline', 'prompt', 'role' }

---@type orchestrator.Subcommand
return {
  summary = 'Show what was done and what it took; with ! as a page with charts',
  bang = true,
  complete = function()
    return kinds
  end,
  run = function(call)
    local by = call.arguments[1]
    if #call.arguments > 1 or (by and not vim.list_contains(kinds, by)) then
      require('orchestrator.display').tell(
        'stats takes one of ' .. table.concat(kinds, ', ') .. '.',
        vim.log.levels.ERROR
      )
      return
    end
    local program = require('orchestrator.program')
    if call.bang then
      local page = vim.fn.tempname() .. '.html'
      program.run({ 'stats', '--html', page }, function()
        vim.ui.open(page)
      end)
      return
    end
    local arguments = vim.list_extend({ 'stats', '--no-color' }, by and { '--by', by } or {})
    program.run(arguments, function(output)
      program.show('orchestrator://stats', output, 'text')
    end)
  end,
}
