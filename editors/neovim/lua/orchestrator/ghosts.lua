--- Drawing a proposal: virtual lines below the task, nothing in the text.
---
--- `lines` is pure and says what is drawn; `Ghosts` holds the two extmarks that move with the text: the
--- anchor on the task's first line, which dies with it, and the place below the task's own lines, where the
--- drawing hangs.
---
--- Invariant: the text of the buffer never changes here (test_ghosts_leave_the_text_alone).
--- Invariant: a proposal fits into the window with some of the text, or says what is left out
--- (test_a_proposal_higher_than_the_window_shows_titles_then_the_first_ones).
--- Invariant: state and number of every ghost can be read without colour
--- (test_ghosts_are_readable_without_colour).

local display = require('orchestrator.display')
local highlights = require('orchestrator.highlights')
local keys = require('orchestrator.keys')

local M = {}

local namespace = vim.api.nvim_create_namespace('orchestrator.ghosts')

--- Most lines that one description or acceptance takes; `:Orchestrator edit` shows all.
local most_lines = 2

--- Rows of a window that a proposal leaves to the text.
local rows_for_text = 4

---@alias orchestrator.Chunk [string, string] text and highlight group

---@param preview orchestrator.SplitPreviewParams
---@return string
local function state_line(preview)
  local changes = #(preview.changes or {})
  if changes > 0 then
    return ('New plan: %d change%s proposed'):format(changes, changes == 1 and '' or 's')
  end
  local count = #preview.children
  local subtasks = ('%d subtask%s'):format(count, count == 1 and '' or 's')
  if preview.state == 'deciding' then
    return 'Split: deciding whether it needs subtasks…'
  elseif preview.state == 'planning' then
    return count == 0 and 'Split: planning…' or ('Split: planning… %s so far'):format(subtasks)
  end
  return ('Split: %s proposed%s'):format(subtasks, preview.ordered and ', one after the other' or '')
end

---@param indexes integer[] from 0
---@return string
local function after(indexes)
  local numbers = vim.tbl_map(function(index)
    return tostring(index + 1)
  end, indexes)
  return ('(after %s)'):format(table.concat(numbers, ', '))
end

---@class orchestrator.Drawing
---@field indent string blanks up to the column where the subtasks will stand
---@field width integer of the narrowest window
---@field lines orchestrator.Chunk[][]
---@field titles_only boolean
---@field starts integer[] of every task, the line before its first
local Drawing = {}
Drawing.__index = Drawing

--- Adds wrapped text behind the frame.
---@param lead string what stands before the first line: a number
---@param text string
---@param group string highlight of the text
---@param most? integer
function Drawing:add(lead, text, group, most)
  local depth = vim.fn.strdisplaywidth(lead)
  local room = self.width - #self.indent - 2 - depth
  local wrapped = {} ---@type string[]
  for line in vim.gsplit(text, '\r?\n') do
    if line:find('%S') then
      vim.list_extend(wrapped, display.wrap(display.visible(line), room))
    end
  end
  if most and #wrapped > most then
    wrapped = vim.list_slice(wrapped, 1, most)
    wrapped[most] = display.wrap(wrapped[most], room - 2)[1] .. ' …'
  end
  for index, line in ipairs(wrapped) do
    self.lines[#self.lines + 1] = {
      { self.indent .. '│ ', 'OrchestratorGhostFrame' },
      { index == 1 and lead or (' '):rep(depth), 'OrchestratorGhostNumber' },
      { line, group },
    }
  end
end

---@param children orchestrator.GhostTask[]
---@param prefix string number of the parent, with its dot
function Drawing:add_children(children, prefix)
  local depth = select(2, prefix:gsub('%.', ''))
  for index, child in ipairs(children) do
    local number = (' '):rep(depth * 2) .. prefix .. index
    local lead = number .. (' '):rep(#tostring(#children) - #tostring(index) + 1)
    local title = child.title
    if #(child.dependsOn or {}) > 0 then
      title = title .. ' ' .. after(child.dependsOn)
    end
    if (child.asks or '') ~= '' then
      title = ('%s [only with accept!: %s]'):format(title, display.visible(child.asks))
    end
    table.insert(self.starts, #self.lines)
    self:add(lead, title, 'OrchestratorGhostTitle')
    if not self.titles_only then
      local below = (' '):rep(#lead)
      self:add(below, child.description or '', 'OrchestratorGhostBody', most_lines)
      if (child.acceptance or '') ~= '' then
        self:add(below, 'Accept: ' .. child.acceptance, 'OrchestratorGhostBody', most_lines)
      end
    end
    self:add_children(child.children or {}, prefix .. index .. '.')
  end
end

--- What a re-plan makes of the subtasks that there are: readable without colour, as in a diff.
---@param changes orchestrator.PlanChange[]
function Drawing:add_changes(changes)
  local signs = { add = '+', edit = '~', obsolete = '-' }
  for index, change in ipairs(changes) do
    local lead = ('%d %s '):format(index, signs[change.op])
    local title = change.op == 'add' and change.title or change.was
    if change.op == 'obsolete' then
      title = 'obsolete: ' .. title
    elseif change.op == 'edit' and change.title ~= '' and change.title ~= change.was then
      title = ('%s → %s'):format(title, change.title)
    end
    table.insert(self.starts, #self.lines)
    self:add(lead, title, 'OrchestratorGhostTitle')
    if not self.titles_only then
      local below = (' '):rep(#lead)
      self:add(below, change.reason or '', 'OrchestratorGhostBody', most_lines)
      self:add(below, change.description or '', 'OrchestratorGhostBody', most_lines)
      if (change.acceptance or '') ~= '' then
        self:add(below, 'Accept: ' .. change.acceptance, 'OrchestratorGhostBody', most_lines)
      end
    end
  end
end

---@class orchestrator.Paper
---@field indent string
---@field width integer
---@field height integer most lines
---@field hint string how to accept, or to stop
---@field edit? string how to see all; nil while the proposal is not complete

---@param preview orchestrator.SplitPreviewParams
---@param paper orchestrator.Paper
---@param titles_only boolean
---@return orchestrator.Drawing
local function draw_all(preview, paper, titles_only)
  local indent, width = paper.indent, paper.width
  local drawing = { indent = indent, width = width, lines = {}, starts = {}, titles_only = titles_only }
  setmetatable(drawing, Drawing)
  local state, source = state_line(preview), display.visible(preview.source or '')
  drawing:add('', state, 'OrchestratorGhostState')
  local first = drawing.lines[1]
  first[1][1] = indent .. '╭ '
  local beside = ' · ' .. source
  local room = width - #indent - 2 - vim.fn.strdisplaywidth(state)
  if source ~= '' and #drawing.lines == 1 and vim.fn.strdisplaywidth(beside) <= room then
    first[#first + 1] = { beside, 'OrchestratorGhostHint' }
  else
    drawing:add('', source, 'OrchestratorGhostHint')
  end
  drawing:add('', paper.hint, 'OrchestratorGhostHint')
  drawing:add('', preview.message or '', 'OrchestratorGhostHint', most_lines)
  if titles_only and paper.edit then
    drawing:add('', 'descriptions: ' .. paper.edit, 'OrchestratorGhostHint')
  end
  if #(preview.changes or {}) > 0 then
    drawing:add_changes(preview.changes)
  else
    drawing:add_children(preview.children, '')
  end
  return drawing
end

--- What is drawn for a proposal: all of it, or what fits.
---@param preview orchestrator.SplitPreviewParams
---@param paper orchestrator.Paper
---@return orchestrator.Chunk[][]
function M.lines(preview, paper)
  local frame = 1 -- the line at the end
  local drawing = draw_all(preview, paper, false)
  if #drawing.lines + frame > paper.height then
    local titles = draw_all(preview, paper, true)
    -- Without descriptions there is nothing to point to.
    drawing = #titles.lines < #drawing.lines and titles or drawing
  end
  if #drawing.lines + frame > paper.height then
    -- At least one; what follows the shown ones is the line that counts the others.
    local shown = #drawing.starts - 1
    while shown > 1 and drawing.starts[shown + 1] + 1 + frame > paper.height do
      shown = shown - 1
    end
    shown = math.max(shown, math.min(1, #drawing.starts))
    local left = #drawing.starts - shown
    if left > 0 then
      drawing.lines = vim.list_slice(drawing.lines, 1, drawing.starts[shown + 1])
      local how = paper.edit and ': ' .. paper.edit or ''
      drawing:add('', ('… and %d more%s'):format(left, how), 'OrchestratorGhostHint')
    end
  end
  drawing.lines[#drawing.lines + 1] = { { paper.indent .. '╰', 'OrchestratorGhostFrame' } }
  return drawing.lines
end

---@param preview orchestrator.SplitPreviewParams
---@param buffer integer
---@return string
local function hint_line(preview, buffer)
  local changes = #(preview.changes or {}) > 0
  local ready = changes and { 'accept', 'discard' } or { 'accept', 'edit', 'discard' }
  local actions = preview.state == 'ready' and ready or { 'stop' }
  local hints = {} ---@type string[]
  local named = false -- The command is written out once, for the first action without a key.
  for _, action in ipairs(actions) do
    local key = keys.of(buffer, action)
    if key then
      hints[#hints + 1] = ('%s %s'):format(key, action)
    else
      local several = action == 'accept' and #preview.children > 1
      hints[#hints + 1] = (named and '' or ':Orchestrator ') .. action .. (several and ' (or accept 2)' or '')
      named = true
    end
  end
  return table.concat(hints, ' · ')
end

---@class orchestrator.ScrolledView
---@field window integer
---@field before integer topmost line before ghosts were brought into sight
---@field after integer topmost line since

---@class orchestrator.Ghosts
---@field buffer integer
---@field anchor integer extmark over the task's first line
---@field place integer extmark over the last of the task's own lines
---@field tallest integer lines of the tallest proposal drawn so far
---@field scrolled? orchestrator.ScrolledView
---@field preview? orchestrator.SplitPreviewParams
local Ghosts = {}
Ghosts.__index = Ghosts

---@param buffer integer
---@param row integer
---@param id? integer
---@param virtual_lines? orchestrator.Chunk[][]
---@return integer id
local function mark(buffer, row, id, virtual_lines)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
  return vim.api.nvim_buf_set_extmark(buffer, namespace, row, 0, {
    id = id,
    end_row = row,
    end_col = #line,
    invalidate = true,
    undo_restore = true,
    strict = false,
    virt_lines = virtual_lines,
  })
end

---@param id integer
---@return integer? row nil when the line is gone
function Ghosts:row(id)
  local found = vim.api.nvim_buf_get_extmark_by_id(self.buffer, namespace, id, { details = true })
  if found[1] and not found[3].invalid then
    return found[1]
  end
end

---@param buffer integer
---@param first integer row of the task's first line
---@param last integer row of the last of its own lines
---@return orchestrator.Ghosts
function M.new(buffer, first, last)
  highlights.define()
  return setmetatable({
    buffer = buffer,
    anchor = mark(buffer, first),
    place = mark(buffer, last),
    tallest = 0,
  }, Ghosts)
end

--- Whether the task's first line is still there.
---@return boolean
function Ghosts:is_anchored()
  return self:row(self.anchor) ~= nil
end

--- The lines that belong to the task, from 0.
---@return integer? first
---@return integer? last
function Ghosts:rows()
  local first = self:row(self.anchor)
  return first, first and math.max(self:row(self.place) or first, first)
end

--- Room in the smallest window of the buffer.
---@param buffer integer
---@return integer width in cells
---@return integer height in lines
local function smallest_window(buffer)
  local width, height = vim.o.columns, vim.o.lines
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    width = math.min(width, vim.api.nvim_win_get_width(window) - vim.fn.getwininfo(window)[1].textoff)
    height = math.min(height, vim.api.nvim_win_get_height(window))
  end
  return width, height
end

--- Column at which the text of a list item starts, as blanks.
---@param line string
---@return string
local function item_indent(line)
  local lead = line:match('^%s*[-*+]%s+') or line:match('^%s*%d+[.)]%s+') or ''
  return (' '):rep(vim.fn.strdisplaywidth(lead))
end

--- Neovim draws virtual lines anew with the text line below them, and that may be below the window's last row
--- (test_a_proposal_longer_than_the_window_is_drawn_anew, test_a_tall_proposal_leaves_the_screen_at_its_end).
---@param buffer integer
local function redraw(buffer)
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    -- One window only, where this version of Neovim still has that experimental call.
    if not vim.api.nvim__redraw or not pcall(vim.api.nvim__redraw, { win = window, valid = false }) then
      vim.cmd('redraw!')
      return
    end
  end
end

--- Scrolls the window in which the person stands on the task, just so far that the ghosts below it are seen.
---@param buffer integer
---@param first integer row of the task
---@param last integer row above the ghosts
---@param height integer lines of the ghosts
---@return orchestrator.ScrolledView? scrolled nil when they were in sight
local function reveal(buffer, first, last, height)
  local window = vim.api.nvim_get_current_win()
  local cursor = vim.api.nvim_win_get_cursor(window)[1] - 1
  if vim.api.nvim_win_get_buf(window) ~= buffer or cursor < first or cursor > last then
    return
  end
  local room = vim.api.nvim_win_get_height(window) - height
  local top = vim.fn.line('w0', window) - 1
  local function taken()
    local lines = vim.api.nvim_win_text_height(window, { start_row = top, end_row = last })
    return lines.all - lines.fill
  end
  local before = top
  while top < cursor and taken() > room do
    top = top + 1
  end
  if top ~= before then
    vim.fn.winrestview({ topline = top + 1 })
    return { window = window, before = before + 1, after = top + 1 }
  end
end

--- Draws the newest proposal where the task is now.
---@param preview? orchestrator.SplitPreviewParams nil: the last one again
function Ghosts:draw(preview)
  self.preview = preview or self.preview
  local first, last = self:rows()
  if not self.preview then
    return
  elseif not first or not last then
    -- Neovim hides a mark whose line is gone, and shows it again after an undo. The task's last line may
    -- have outlived its first.
    local row = self:row(self.place)
    if row then
      mark(self.buffer, row, self.place)
    end
    redraw(self.buffer)
    return
  end
  local line = vim.api.nvim_buf_get_lines(self.buffer, first, first + 1, false)[1] or ''
  local width, height = smallest_window(self.buffer)
  local complete = self.preview.state == 'ready'
  local drawn = M.lines(self.preview, {
    indent = item_indent(line),
    width = width,
    height = height - rows_for_text,
    hint = hint_line(self.preview, self.buffer),
    edit = complete and (keys.of(self.buffer, 'edit') or ':Orchestrator edit') or nil,
  })
  mark(self.buffer, last, self.place, drawn)
  if #drawn > self.tallest then -- only while they grow: afterwards the view is the person's
    self.tallest = #drawn
    local scrolled = reveal(self.buffer, first, last, #drawn)
    if scrolled and self.scrolled then
      scrolled.before = self.scrolled.before
    end
    self.scrolled = scrolled or self.scrolled
  end
  redraw(self.buffer)
end

--- The view as it was before the ghosts were brought into sight, unless the person scrolled since.
function Ghosts:scroll_back()
  local view = self.scrolled
  if not view or not vim.api.nvim_win_is_valid(view.window) then
    return
  end
  if
    vim.api.nvim_win_get_buf(view.window) == self.buffer and vim.fn.line('w0', view.window) == view.after
  then
    vim.api.nvim_win_call(view.window, function()
      vim.fn.winrestview({ topline = view.before })
    end)
  end
end

--- Takes all of it off the screen.
function Ghosts:clear()
  if vim.api.nvim_buf_is_valid(self.buffer) then
    vim.api.nvim_buf_del_extmark(self.buffer, namespace, self.anchor)
    vim.api.nvim_buf_del_extmark(self.buffer, namespace, self.place)
    redraw(self.buffer)
  end
end

return M
