--- Shows what a workspace suggests, and asks whether it is trusted.

---@type orchestrator.Subcommand
return {
  summary = 'Show settings and prompts of the workspace; trust them or not',
  run = function()
    require('orchestrator.trust').open()
  end,
}
