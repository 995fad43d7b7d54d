--- Highlight groups, each linked to a standard one, so that every colour scheme and eight colours will do.
---
--- Apart from what draws because a colour scheme clears all of them at once. Not every scheme defines every
--- standard group: what is left from another one may be orange on white, or black on black. Then the next one
--- of the list is taken, and at last `Normal`, which can be read everywhere.
---
--- Invariant: a group that the user or a colour scheme defines stays
--- (test_highlights_are_links_that_survive_a_colour_scheme).
--- Invariant: no text is drawn in the colour of its background (test_every_colour_scheme_can_be_read).

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

--- What stands in for a group that cannot be read.
local others = {
  Comment = { 'NonText', 'LineNr' },
  DiagnosticError = { 'ErrorMsg', 'Error' },
  DiagnosticInfo = { 'Identifier', 'Function', 'Type' },
  DiagnosticWarn = { 'WarningMsg', 'Title', 'Statement' },
  FoldColumn = { 'LineNr', 'Comment' },
  NonText = { 'Comment', 'LineNr' },
  Special = { 'Identifier', 'Statement' },
  Title = { 'Statement' },
}

--- The least contrast at which text is called readable, as WCAG counts it: from 1 (none) to 21.
local least_contrast = 2

--- The 16 colours of a terminal, as most have them.
local terminal_colours = {
  [0] = 0x000000,
  0xcd0000,
  0x00cd00,
  0xcdcd00,
  0x0000ee,
  0xcd00cd,
  0x00cdcd,
  0xe5e5e5,
  0x7f7f7f,
  0xff0000,
  0x00ff00,
  0xffff00,
  0x5c5cff,
  0xff00ff,
  0x00ffff,
  0xffffff,
}

---@param number integer a colour of a terminal with 256 of them
---@return integer rgb
local function rgb_of(number)
  if number < 16 then
    return terminal_colours[number]
  elseif number >= 232 then
    return (8 + 10 * (number - 232)) * 0x010101
  end
  local function level(step)
    return step == 0 and 0 or 55 + 40 * step
  end
  number = number - 16
  local red, green, blue = math.floor(number / 36), math.floor(number / 6) % 6, number % 6
  return level(red) * 0x10000 + level(green) * 0x100 + level(blue)
end

---@param rgb integer
---@return number
local function luminance(rgb)
  local function channel(value)
    value = value / 255
    return value <= 0.04045 and value / 12.92 or ((value + 0.055) / 1.055) ^ 2.4
  end
  local red, green, blue = math.floor(rgb / 0x10000), math.floor(rgb / 0x100) % 0x100, rgb % 0x100
  return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue)
end

---@param one integer
---@param other integer
---@return number
local function contrast(one, other)
  local bright, dark = luminance(one), luminance(other)
  if bright < dark then
    bright, dark = dark, bright
  end
  return (bright + 0.05) / (dark + 0.05)
end

--- Text and background of a group on this screen; nil where the terminal decides.
---@param name string
---@return integer? text
---@return integer? background
local function colours_of(name)
  local group = vim.api.nvim_get_hl(0, { name = name, link = false })
  if vim.o.termguicolors then
    if group.reverse then
      return group.bg, group.fg
    end
    return group.fg, group.bg
  end
  local text = group.ctermfg and rgb_of(group.ctermfg)
  local background = group.ctermbg and rgb_of(group.ctermbg)
  if (group.cterm or {}).reverse then
    return background, text
  end
  return text, background
end

--- Whether text of this group can be read.
---@param name string
---@return boolean
function M.is_readable(name)
  local text, background = colours_of(name)
  local usual_text, usual_background = colours_of('Normal')
  text = text or usual_text
  background = background or usual_background or (vim.o.background == 'dark' and 0x000000 or 0xffffff)
  return not text or contrast(text, background) >= least_contrast
end

---@param target string
---@return string group that can be read
local function readable(target)
  if target == 'Normal' or links[target] or M.is_readable(target) then
    return target
  end
  return vim.iter(others[target] or {}):find(M.is_readable) or 'Normal'
end

---@type table<string, string> what each group was linked to here
local linked = {}

local function define()
  for name, target in pairs(links) do
    local chosen = readable(target)
    -- What we chose for the scheme before is not a person's choice.
    local ours = linked[name] and vim.api.nvim_get_hl(0, { name = name }).link == linked[name]
    vim.api.nvim_set_hl(0, name, { link = chosen, default = not ours })
    linked[name] = chosen
  end
end

local defined = false

--- Defines the groups, now and after every change of the colours.
function M.define()
  if defined then
    return
  end
  defined = true
  define()
  local group = vim.api.nvim_create_augroup('orchestrator.highlights', {})
  vim.api.nvim_create_autocmd('ColorScheme', { group = group, callback = define })
  vim.api.nvim_create_autocmd('OptionSet', {
    group = group,
    pattern = { 'background', 'termguicolors' },
    callback = define,
  })
end

return M
