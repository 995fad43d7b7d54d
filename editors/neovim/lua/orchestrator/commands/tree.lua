---@type orchestrator.Subcommand
return {
  summary = 'Show the tasks as a tree; with ! in a window over the outline',
  bang = true,
  run = function(call)
    require('orchestrator.tree').toggle(call.bang and 'float' or nil)
  end,
}
