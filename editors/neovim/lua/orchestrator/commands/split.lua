---@type orchestrator.Subcommand
return {
  summary = 'Split the task under the cursor; with ! its subtasks too',
  bang = true,
  run = function(call)
    require('orchestrator.split').at_cursor({
      recursive = call.bang,
      line = call.line,
      last_line = call.last_line,
    })
  end,
}
