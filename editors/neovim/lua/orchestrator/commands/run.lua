--- Runs a task and what is below it, or the whole outline.

local words = { all = true, auto = true, needed = true }

---@type orchestrator.Subcommand
return {
  summary = 'Run the task, or those in the lines; all, auto, needed',
  complete = function()
    return { 'all', 'auto', 'needed' }
  end,
  run = function(call)
    local options = { line = call.line, last_line = call.last_line }
    for _, word in ipairs(call.arguments) do
      if not words[word] then
        require('orchestrator.display').tell(
          ("run does not know '%s'. There are all, auto and needed."):format(word),
          vim.log.levels.ERROR
        )
        return
      end
      options[word] = true
    end
    require('orchestrator.running').start(options)
  end,
}
