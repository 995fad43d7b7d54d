---@type orchestrator.Subcommand
return {
  summary = 'List what waits for you in the quickfix window',
  run = function()
    require('orchestrator.inbox').show()
  end,
}
