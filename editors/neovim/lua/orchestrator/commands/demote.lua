---@type orchestrator.Subcommand
return require('orchestrator.edits').command('demote', 'Move the task below the one before it')
