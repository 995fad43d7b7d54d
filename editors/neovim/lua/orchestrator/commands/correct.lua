---@type orchestrator.Subcommand
return {
  summary = 'Say something to the task while it runs',
  complete = function()
    return {}
  end,
  run = function(call)
    local running = require('orchestrator.running')
    local text = table.concat(call.arguments, ' ')
    if text ~= '' then
      running.correct(text, call.line)
      return
    end
    vim.ui.input({ prompt = 'Say to it: ' }, function(words)
      if words and words:find('%S') then
        running.correct(words, call.line)
      end
    end)
  end,
}
