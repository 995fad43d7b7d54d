--- Opens the server's log: its own file if there is one, else what Neovim kept of its messages.

---@type orchestrator.Subcommand
return {
  summary = "Open the server's log",
  run = function()
    local configured = require('orchestrator.options').get().log_file
    local path = configured and vim.fn.fnamemodify(vim.fn.expand(configured), ':p')
      or vim.lsp.log.get_filename()
    if vim.fn.filereadable(path) == 0 then
      require('orchestrator.display').tell(('There is no log yet at %s.'):format(path))
      return
    end
    vim.cmd.tabnew({ args = { vim.fn.fnameescape(path) }, magic = { file = false, bar = false } })
    vim.bo.readonly = true
    vim.cmd.normal({ args = { 'G' }, bang = true })
  end,
}
