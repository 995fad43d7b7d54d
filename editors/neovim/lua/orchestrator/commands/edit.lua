---@type orchestrator.Subcommand
return {
  summary = 'Edit the proposed subtasks as an outline before they are written',
  run = function()
    require('orchestrator.proposal').open()
  end,
}
