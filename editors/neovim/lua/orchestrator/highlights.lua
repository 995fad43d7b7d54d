--- Highlight groups, each linked to a standard one, so that every colour scheme and eight colours will do.
---
--- Apart from what draws because a colour scheme clears all of them at once.
---
--- Invariant: a group that the user or a colour scheme defines stays
--- (test_highlights_are_links_that_survive_a_colour_scheme).

local M = {}

local links = {
  OrchestratorGhostFrame = 'Special',
  OrchestratorGhostState = 'Title',
  OrchestratorGhostHint = 'Comment',
  OrchestratorGhostNumber = 'Special',
  OrchestratorGhostTitle = 'Normal',
  OrchestratorGhostBody = 'Comment',
  OrchestratorPending = 'Normal',
  OrchestratorInProgress = 'Special',
  OrchestratorCompleted = 'Comment',
  OrchestratorCancelled = 'Comment',
  OrchestratorFailed = 'DiagnosticError',
  OrchestratorAsking = 'DiagnosticWarn',
  OrchestratorRunning = 'DiagnosticInfo',
  OrchestratorChatNote = 'Comment',
  OrchestratorChatEnding = 'DiagnosticWarn',
  ['@orchestrator.field'] = '@property',
  ['@orchestrator.status.failed'] = 'OrchestratorFailed',
  ['@orchestrator.status.asking'] = 'OrchestratorAsking',
  ['@orchestrator.status.progress'] = 'OrchestratorInProgress',
  ['@orchestrator.status.cancelled'] = 'OrchestratorCancelled',
  OrchestratorTreeFold = 'FoldColumn',
  OrchestratorTreeSection = 'Title',
  OrchestratorTreeProgress = 'Comment',
  OrchestratorTreeMore = 'NonText',
}

local defined = false

--- Defines the groups, now and after every change of the colour scheme.
function M.define()
  if defined then
    return
  end
  defined = true
  local function define()
    for name, target in pairs(links) do
      vim.api.nvim_set_hl(0, name, { link = target, default = true })
    end
  end
  define()
  vim.api.nvim_create_autocmd('ColorScheme', {
    group = vim.api.nvim_create_augroup('orchestrator.highlights', {}),
    callback = define,
  })
end

return M
