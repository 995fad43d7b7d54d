--- Moves a task among its neighbours, or into another task.

local ways = { 'up', 'down', 'into' }

---@param call orchestrator.Call
---@param way string
---@param steps? string
local function move(call, way, steps)
  local edits = require('orchestrator.edits')
  if way == 'into' then
    require('orchestrator.branches').into(edits.lines_of(call).first)
  else
    edits.move_command(way).run(vim.tbl_extend('force', call, { arguments = { steps } }))
  end
end

---@type orchestrator.Subcommand
return {
  summary = 'Move the task up or down, or into another one',
  complete = function()
    return ways
  end,
  run = function(call)
    local way, steps = call.arguments[1], call.arguments[2]
    if not way then
      vim.ui.select(ways, { prompt = 'Move the task' }, function(chosen)
        if chosen then
          move(call, chosen)
        end
      end)
    elseif vim.list_contains(ways, way) and #call.arguments <= (way == 'into' and 1 or 2) then
      move(call, way, steps)
    else
      require('orchestrator.display').tell(
        'move takes up or down, with a number if you like, or into.',
        vim.log.levels.ERROR
      )
    end
  end,
}
