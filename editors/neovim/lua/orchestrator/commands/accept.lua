---@type orchestrator.Subcommand
return {
  summary = 'Write the proposed subtasks, or those of the numbers',
  bang = true,
  run = function(call)
    require('orchestrator.split').accept(call.arguments, call.bang)
  end,
  complete = function()
    return require('orchestrator.split').numbers()
  end,
}
