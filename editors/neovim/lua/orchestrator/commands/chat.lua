---@type orchestrator.Subcommand
return {
  summary = 'Talk about the task; new, list, and more in a chat',
  complete = function()
    return require('orchestrator.chat').words()
  end,
  run = function(call)
    require('orchestrator.chat').command(call)
  end,
}
