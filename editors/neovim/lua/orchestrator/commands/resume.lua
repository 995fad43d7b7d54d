---@type orchestrator.Subcommand
return {
  summary = 'Go on with the run of the task, or the one that is named',
  complete = function()
    return require('orchestrator.running').resumable()
  end,
  run = function(call)
    require('orchestrator.running').resume(call.arguments[1])
  end,
}
