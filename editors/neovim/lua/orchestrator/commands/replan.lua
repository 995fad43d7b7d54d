---@type orchestrator.Subcommand
return {
  summary = 'Plan the subtasks of the task anew; what is done stays',
  run = function(call)
    require('orchestrator.split').at_cursor({ replan = true, line = call.line })
  end,
}
