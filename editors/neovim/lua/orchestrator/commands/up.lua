---@type orchestrator.Subcommand
return {
  summary = 'Move the task up, with everything below it; a number says how far',
  complete = function()
    return {}
  end,
  run = function(call)
    local edits = require('orchestrator.edits')
    local steps = tonumber(call.arguments[1] or '1', 10)
    if #call.arguments > 1 or not steps or steps < 1 or steps > 1000 then
      require('orchestrator.display').tell('up takes one number from 1 to 1000.', vim.log.levels.ERROR)
      return
    end
    edits.run(edits.named('up', steps), edits.lines_of(call))
  end,
}
