---@type orchestrator.Subcommand
return {
  summary = 'Answer what waits for you: here, in this row, or the oldest',
  run = function()
    require('orchestrator.inbox').answer_here()
  end,
}
