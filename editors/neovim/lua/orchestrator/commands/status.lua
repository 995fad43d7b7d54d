--- Cycles the status of tasks, or sets one. A failed task and a question say why.

--- As they are typed, and as the protocol has them.
local statuses = {
  asking = 'asking',
  cancelled = 'cancelled',
  completed = 'completed',
  failed = 'failed',
  ['in-progress'] = 'inProgress',
  pending = 'pending',
}

---@param name string
---@param lines orchestrator.Lines
local function set(name, lines)
  local edits = require('orchestrator.edits')
  local function run(reason)
    local params = { status = statuses[name], reason = reason }
    edits.run({ method = 'orchestrator/edit/status/set', params = params }, lines)
  end
  if name ~= 'failed' and name ~= 'asking' then
    run()
    return
  end
  local prompt = name == 'failed' and 'Why did it fail? ' or 'What does it ask? '
  vim.ui.input({ prompt = prompt }, function(reason)
    if reason then -- Nothing is done when the person changes their mind.
      run(reason ~= '' and reason or nil)
    end
  end)
end

---@type orchestrator.Subcommand
return {
  summary = 'Cycle the status of the task, or set the one that is named',
  complete = function()
    local names = vim.list_extend({ 'cycle' }, vim.tbl_keys(statuses))
    table.sort(names)
    return names
  end,
  run = function(call)
    local edits = require('orchestrator.edits')
    local name = call.arguments[1]
    if not name or (name == 'cycle' and #call.arguments == 1) then
      edits.run(edits.named('status'), edits.lines_of(call))
    elseif #call.arguments == 1 and statuses[name] then
      set(name, edits.lines_of(call))
    else
      local known = 'asking, cancelled, completed, cycle, failed, in-progress and pending'
      require('orchestrator.display').tell(
        ("There is no status '%s'. There are %s."):format(table.concat(call.arguments, ' '), known),
        vim.log.levels.ERROR
      )
    end
  end,
}
