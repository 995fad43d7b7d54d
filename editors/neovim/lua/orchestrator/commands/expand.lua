---@type orchestrator.Subcommand
return {
  summary = 'Make an outline of the one-line idea under the cursor',
  run = function(call)
    require('orchestrator.split').at_cursor({ idea = true, line = call.line })
  end,
}
