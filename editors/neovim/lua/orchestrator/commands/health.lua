---@type orchestrator.Subcommand
return {
  summary = 'Check server, models and keys',
  run = function()
    vim.cmd.checkhealth('orchestrator')
  end,
}
