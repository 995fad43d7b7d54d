---@type orchestrator.Subcommand
return {
  summary = 'Write the proposed subtasks, or only the given numbers; with ! their modes and executors too',
  bang = true,
  run = function(call)
    require('orchestrator.split').accept(call.arguments, call.bang)
  end,
  complete = function()
    return require('orchestrator.split').numbers()
  end,
}
