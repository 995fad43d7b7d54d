--- What a person trusts in a workspace: its settings and prompts are shown in full, then they say yes or no.
---
--- Apart from the inbox because nobody asks: the person does. What is shown comes from the server, with
--- everything that cannot be seen spelled out.
---
--- Invariant: only what stands in the window is allowed, as it stood there
--- (test_only_what_was_read_is_trusted).

local display = require('orchestrator.display')
local place = require('orchestrator.place')
local server = require('orchestrator.server')

local M = {}

local window_name = 'orchestrator://trust'

local later, leave, trust, forget = 'Not now', 'Leave it so', 'Trust it as shown', 'Forget all about it'

---@class orchestrator.ShownTrust
---@field outline integer buffer whose workspace it is
---@field buffer integer
---@field lines string[]
---@field result orchestrator.TrustResult

---@type orchestrator.ShownTrust?
local shown

---@param file orchestrator.SuggestedEntry
---@return boolean
local function is_new(file)
  return not file.allowed and file.problem == ''
end

---@param result orchestrator.TrustResult
---@return string[]
local function page(result)
  local lines = {
    ('Trust: %s'):format(result.folder),
    '',
    result.trusted and 'You trust this folder.'
      or 'You do not trust this folder: its settings and prompts do not count, and what your settings '
        .. 'tools.commands and tools.edits allow does not hold in it.',
  }
  if not result.editor then
    lines[#lines + 1] =
      'The editor does not trust this workspace, so nothing runs in it, whatever is said here.'
  end
  for _, consent in ipairs(result.consents) do
    lines[#lines + 1] = ('Its tasks may be sent to %s at %s.'):format(consent.provider, consent.host)
  end
  if #result.consents == 0 then
    lines[#lines + 1] = 'Its tasks are sent to nobody unasked.'
  end
  lines[#lines + 1] = ''
  if #result.files == 0 then
    lines[#lines + 1] = 'It suggests no settings (.orchestrator.toml) and no prompts (.orchestrator/prompts).'
  end
  for _, file in ipairs(result.files) do
    local what = file.path == '.orchestrator.toml' and 'settings' or 'a prompt'
    if file.problem ~= '' then
      lines[#lines + 1] = ('%s, %s, cannot be used: %s'):format(file.path, what, file.problem)
    else
      local stands = file.allowed and 'allowed as it is' or 'not allowed (yet)'
      lines[#lines + 1] = ('%s, %s, %s:'):format(file.path, what, stands)
      -- Indented, so that no file can look like a line of ours.
      for line in vim.gsplit(file.text:gsub('\n$', ''), '\n', { plain = true }) do
        lines[#lines + 1] = '    ' .. line
      end
    end
    lines[#lines + 1] = ''
  end
  if lines[#lines] == '' then
    lines[#lines] = nil
  end
  return lines
end

--- The first is the careful one.
---@param result orchestrator.TrustResult
---@return string[]
local function choices(result)
  local found = {} ---@type string[]
  local open = not result.trusted or vim.iter(result.files):any(is_new)
  found[1] = open and later or leave
  if open and result.editor then
    found[#found + 1] = trust
  end
  if result.trusted or #result.consents > 0 then
    found[#found + 1] = forget
  end
  return found
end

local function close()
  local buffer = shown and shown.buffer
  shown = nil
  if buffer and vim.api.nvim_buf_is_valid(buffer) then
    vim.api.nvim_buf_delete(buffer, { force = true })
  end
end

---@param outline integer
---@param yes boolean
---@param read orchestrator.TrustResult what the person saw
local function say(outline, yes, read)
  local files = vim.empty_dict() ---@type table<string, string>
  for _, file in ipairs(yes and read.files or {}) do
    files[file.path] = file.problem == '' and file.sha256 or nil
  end
  local params = { uri = vim.uri_from_bufnr(outline), trusted = yes, files = files }
  server.request(outline, 'orchestrator/trust/set', params, function(result)
    close()
    local changed = vim.iter(result.files):find(is_new)
    if yes and changed then
      display.tell(
        ('%s changed meanwhile and is not allowed: :Orchestrator trust shows it.'):format(changed.path),
        vim.log.levels.WARN
      )
    elseif yes then
      display.say(('trusted as it was shown: %s'):format(result.folder))
    else
      display.say(('not trusted, and nothing is sent from there: %s'):format(result.folder))
    end
  end)
end

--- Asks about what is shown.
local function choose()
  local asked = shown
  if not asked then
    return
  end
  local prompt = ('Trust %s?'):format(asked.result.folder)
  vim.ui.select(choices(asked.result), { prompt = prompt, kind = 'orchestrator.trust' }, function(choice)
    if choice == trust or choice == forget then
      say(asked.outline, choice == trust, asked.result)
    elseif choice then
      close()
    end
  end)
end

---@param outline integer
---@param result orchestrator.TrustResult
---@param lines string[]
local function show(outline, result, lines)
  close()
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buffer, window_name)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].bufhidden = 'wipe'
  vim.keymap.set(
    'n',
    'q',
    close,
    { buffer = buffer, nowait = true, desc = 'Orchestrator: close without an answer' }
  )
  vim.keymap.set('n', '<CR>', choose, { buffer = buffer, desc = 'Orchestrator: answer' })
  shown = { outline = outline, buffer = buffer, lines = lines, result = result }
  local most = math.max(math.floor(vim.o.lines * 2 / 3), 3)
  local window =
    vim.api.nvim_open_win(buffer, true, { split = 'below', win = -1, height = math.min(#lines, most) })
  vim.wo[window][0].wrap = true
  vim.wo[window][0].linebreak = true
  vim.wo[window][0].number = false
  vim.wo[window][0].winbar = '<CR> answers, q closes'
  -- The bar takes a row of the window.
  local height = vim.api.nvim_win_text_height(window, {}).all + 1
  vim.api.nvim_win_set_height(window, math.min(height, most))
  -- Not asked at once: Neovim's own list of choices would stand on the last lines.
  display.say('read it, then press Enter there to answer.')
end

--- `:Orchestrator trust`: shows what there is; again while that is shown, asks.
function M.open()
  local here = vim.api.nvim_get_current_buf()
  local outline = shown and shown.buffer == here and shown.outline or place.here().buffer
  if server.when_started(outline, M.open) then
    display.say('the server is starting…')
    return
  end
  server.request(outline, 'orchestrator/trust/get', { uri = vim.uri_from_bufnr(outline) }, function(result)
    local lines = page(result)
    local is_shown = shown and vim.api.nvim_buf_is_valid(shown.buffer) and vim.fn.bufwinid(shown.buffer) ~= -1
    if is_shown and shown and shown.outline == outline and vim.deep_equal(shown.lines, lines) then
      choose()
    else
      show(outline, result, lines)
    end
  end)
end

return M
