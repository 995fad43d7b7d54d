---@type orchestrator.Subcommand
return {
  summary = 'Show the tasks as a tree beside the outline; with ! in a window over it',
  bang = true,
  run = function(call)
    require('orchestrator.tree').toggle(call.bang and 'float' or nil)
  end,
}
