---@type orchestrator.Subcommand
return {
  summary = 'Move the task one level up, with everything below it',
  run = function(call)
    local edits = require('orchestrator.edits')
    edits.run(edits.named('promote'), edits.lines_of(call))
  end,
}
