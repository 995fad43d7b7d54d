---@type orchestrator.Subcommand
return {
  summary = 'Set back what is done or failed of the task, and run it anew',
  run = function(call)
    require('orchestrator.running').start({ line = call.line, restart = true })
  end,
}
