--- Shows what a model is sent.

local purposes = { 'execute', 'plan', 'decide', 'verify', 'aggregate' }

---@type orchestrator.Subcommand
return {
  summary = 'Show what a model is sent about the task under the cursor',
  complete = function()
    return purposes
  end,
  run = function(call)
    local purpose = call.arguments[1] or 'execute'
    if #call.arguments > 1 or not vim.list_contains(purposes, purpose) then
      require('orchestrator.display').tell(
        'context takes one of execute, plan, decide, verify and aggregate.',
        vim.log.levels.ERROR
      )
      return
    end
    require('orchestrator.running').context(purpose, call.line)
  end,
}
