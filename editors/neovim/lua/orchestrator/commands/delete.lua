---@type orchestrator.Subcommand
return {
  summary = 'Delete the task, with everything below it',
  run = function(call)
    require('orchestrator.branches').delete(require('orchestrator.edits').lines_of(call))
  end,
}
