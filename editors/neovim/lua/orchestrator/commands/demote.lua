---@type orchestrator.Subcommand
return {
  summary = 'Move the task below the one before it',
  run = function(call)
    local edits = require('orchestrator.edits')
    edits.run(edits.named('demote'), edits.lines_of(call))
  end,
}
