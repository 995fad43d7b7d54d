---@type orchestrator.Subcommand
return {
  summary = 'Drop the proposed subtasks',
  run = function()
    require('orchestrator.split').discard()
  end,
}
