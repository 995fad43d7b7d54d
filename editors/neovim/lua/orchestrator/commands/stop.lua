---@type orchestrator.Subcommand
return {
  summary = 'Stop the split',
  run = function()
    require('orchestrator.split').stop()
  end,
}
