---@type orchestrator.Subcommand
return {
  summary = 'Write the proposed subtasks, or only those with the given numbers',
  run = function(call)
    require('orchestrator.split').accept(call.arguments)
  end,
  complete = function()
    return require('orchestrator.split').numbers()
  end,
}
