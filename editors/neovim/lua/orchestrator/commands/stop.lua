---@type orchestrator.Subcommand
return {
  summary = 'Stop the split or the run of the task under the cursor',
  run = function(call)
    local split = require('orchestrator.split')
    if split.find() then
      split.stop()
    else
      require('orchestrator.running').stop(call.line)
    end
  end,
}
