--- Which model a task asks: an alias, since a file names no vendor's model.

local aliases = { 'fast', 'balanced', 'strong', 'inherited' }

---@type orchestrator.Subcommand
return {
  summary = 'Set which model the task asks: fast, balanced, strong',
  complete = function()
    return aliases
  end,
  run = function(call)
    local edits = require('orchestrator.edits')
    local lines = edits.lines_of(call)
    local function set(alias)
      local params = { key = 'model', value = alias ~= 'inherited' and alias or vim.NIL }
      edits.run({ method = 'orchestrator/edit/value/set', params = params }, lines)
    end
    local alias = call.arguments[1]
    if not alias then
      vim.ui.select(aliases, { prompt = 'Model' }, function(chosen)
        if chosen then
          set(chosen)
        end
      end)
    elseif #call.arguments == 1 and vim.list_contains(aliases, alias) then
      set(alias)
    else
      require('orchestrator.display').tell(
        'model takes one of ' .. table.concat(aliases, ', ') .. '.',
        vim.log.levels.ERROR
      )
    end
  end,
}
