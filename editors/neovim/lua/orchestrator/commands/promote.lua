---@type orchestrator.Subcommand
return require('orchestrator.edits').command(
  'promote',
  'Move the task one level up, with everything below it'
)
