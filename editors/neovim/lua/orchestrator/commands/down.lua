---@type orchestrator.Subcommand
return require('orchestrator.edits').move_command('down')
