--- A conversation as an ordinary Markdown buffer: messages, what is being written, and a draft below them.
---
--- Apart from `chat`, which talks with the server: here is only text. What a model writes is appended where
--- the messages end; the draft stays below it, and the cursor with it, or it has a buffer of its own
--- (`chat.buffers`). Streamed text is no step of undo: it was not written by the person, and `u` must not
--- take it back; see `chat.drafts`.
---
--- Invariant: a piece is appended and nothing else is written (test_streamed_text_is_appended).
--- Invariant: the cursor stays on its text, and the draft as it is (test_the_cursor_and_the_draft_stay).

local drafts = require('orchestrator.chat.drafts')

local M = {}

local namespace = vim.api.nvim_create_namespace('orchestrator.chat')

---@class orchestrator.chat.Page
---@field buffer integer
---@field tail integer extmark: where the messages end
---@field prompt? integer the buffer of the draft, where it stands in one of its own
---@field draft? integer extmark: the heading of the draft
---@field drafts? orchestrator.chat.Drafts
---@field said table<string, integer> message to the extmark on its heading
---@field block? 'text'|'thought'|'tool' what the message that is written ends with
---@field note? integer extmark that shows what goes on
local Page = {}
Page.__index = Page

---@param text string
---@return string[]
local function split(text)
  return vim.split(text:gsub('\r\n?', '\n'), '\n', { plain = true })
end

---@param lines string[]
---@return string[]
local function quoted(lines)
  return vim.tbl_map(function(line)
    return line == '' and '>' or '> ' .. line
  end, lines)
end

--- Runs what changes the text, without a step of undo and without a look at the person's draft as a change.
---@param change fun()
function Page:_write(change)
  local bo = vim.bo[self.buffer]
  local levels = vim.api.nvim_get_option_value('undolevels', { scope = 'local', buf = self.buffer })
  local followers = self:_followers()
  bo.undolevels = -1
  bo.modifiable = true
  change()
  bo.modifiable = not self.prompt
  bo.undolevels = levels
  if self.drafts then
    self.drafts:lose()
    self.drafts:restore()
  end
  self:_show_modified()
  for _, window in ipairs(followers) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(self.buffer), 0 })
  end
end

--- A draft that is not sent is what is not written.
function Page:_show_modified()
  vim.bo[self.buffer].modified = not self.prompt and self:draft_text() ~= ''
end

--- Windows that go along with the text: those at its end, while the person is in the draft's buffer.
---@return integer[]
function Page:_followers()
  if not self.prompt then
    return {} -- There the cursor stands in the draft, and the text above it moves.
  end
  local last = vim.api.nvim_buf_line_count(self.buffer)
  return vim.tbl_filter(function(window)
    return window ~= vim.api.nvim_get_current_win() and vim.api.nvim_win_get_cursor(window)[1] == last
  end, vim.fn.win_findbuf(self.buffer))
end

--- Where an extmark of the page is.
---@param id integer
---@return integer row
---@return integer column
function Page:place_of(id)
  local place = vim.api.nvim_buf_get_extmark_by_id(self.buffer, namespace, id, {})
  return place[1], place[2]
end

--- Puts text where the messages end.
---@param lines string[] the first one goes on in the last line that there is
function Page:_append(lines)
  local row, column = self:place_of(self.tail)
  vim.api.nvim_buf_set_text(self.buffer, row, column, row, column, lines)
  local last = row + #lines - 1
  local end_column = #lines == 1 and column + #lines[1] or #lines[#lines]
  self:_set_tail(last, end_column)
end

---@param row integer
---@param column integer
function Page:_set_tail(row, column)
  self.tail = vim.api.nvim_buf_set_extmark(self.buffer, namespace, row, column, {
    id = self.tail,
    right_gravity = false, -- Text is put behind it by us alone.
  })
end

--- Empty lines so that what follows is a paragraph of its own.
function Page:_paragraph()
  local row = self:place_of(self.tail)
  local line = vim.api.nvim_buf_get_lines(self.buffer, row, row + 1, false)[1]
  if line ~= '' then
    self:_append({ '', '', '' })
  elseif row > 0 and vim.api.nvim_buf_get_lines(self.buffer, row - 1, row, false)[1] ~= '' then
    self:_append({ '', '' })
  end
end

---@param message orchestrator.ChatMessage
---@return string
local function heading(message)
  local names = { user = 'You', assistant = 'Model', system = 'Instructions' }
  return '## ' .. (names[message.speaker] or message.speaker)
end

---@param tool string
---@param arguments string
---@return string[]
local function call_lines(tool, arguments)
  return quoted(vim.list_extend({ '**Tool** ' .. tool }, split(arguments)))
end

---@param text string
---@param failed boolean
---@return string[]
local function result_lines(text, failed)
  return quoted(vim.list_extend({ failed and '**Failed**' or '**Result**' }, split(text)))
end

--- A message as it stands.
---@param message orchestrator.ChatMessage
function Page:add(message)
  self:_write(function()
    local row = self:place_of(self.tail)
    if row > 0 or vim.api.nvim_buf_get_lines(self.buffer, 0, 1, false)[1] ~= '' then
      self:_paragraph()
    end
    self.said[message.messageId] = vim.api.nvim_buf_set_extmark(
      self.buffer,
      namespace,
      (self:place_of(self.tail)),
      0,
      { id = self.said[message.messageId], right_gravity = false }
    )
    self:_append({ heading(message), '', '' })
    for _, attached in ipairs(message.attached or {}) do
      self:_append({ '> **Attached** ' .. attached.name, '', '' })
    end
    for _, use in ipairs(message.tools or {}) do
      self:_append(call_lines(use.tool, use.arguments))
      self:_append({ '', unpack(result_lines(use.result, use.failed)) })
      self:_append({ '', '', '' })
    end
    self.block = 'text'
    local thoughts = message.thoughts or ''
    if thoughts ~= '' then
      self:_append({ '> **Thought**', unpack(quoted(split(thoughts))) })
      if message.text == '' and message.ending == 'open' then
        self.block = 'thought'
      else
        self:_append({ '', '', '' })
      end
    end
    if message.text ~= '' then
      self:_append(split(message.text))
    end
  end)
  if message.ending ~= 'open' then
    self:finish(message.ending, message.reason or '')
  end
end

--- A piece of the message that is being written.
---@param text string
function Page:text(text)
  self:_write(function()
    if self.block ~= 'text' then
      self:_paragraph()
      self.block = 'text'
    end
    self:_append(split(text))
  end)
end

--- A piece of what the model thinks aloud, in a block that is folded.
---@param text string
function Page:thought(text)
  self:_write(function()
    local lines = split(text)
    if self.block ~= 'thought' then
      self:_paragraph()
      self:_append({ '> **Thought**', '> ' })
      self.block = 'thought'
    end
    for index = 2, #lines do
      lines[index] = '> ' .. lines[index]
    end
    self:_append(lines)
  end)
end

---@param tool string
---@param arguments string
function Page:tool_call(tool, arguments)
  self:_write(function()
    self:_paragraph()
    self:_append(call_lines(tool, arguments))
    self.block = 'tool'
  end)
end

---@param text string
---@param failed boolean
function Page:tool_result(text, failed)
  self:_write(function()
    if self.block == 'tool' then
      self:_append({ '', unpack(result_lines(text, failed)) })
    else
      self:_paragraph()
      self:_append(result_lines(text, failed))
    end
    self.block = 'tool'
  end)
end

--- Says what goes on, below the messages, in no text.
---@param text? string nil: nothing any more
---@param group? string
function Page:set_note(text, group)
  if self.note then
    vim.api.nvim_buf_del_extmark(self.buffer, namespace, self.note)
    self.note = nil
  end
  if text then
    local row = self:place_of(self.tail)
    self.note = vim.api.nvim_buf_set_extmark(self.buffer, namespace, row, 0, {
      virt_lines = { { { text, group or 'OrchestratorChatNote' } } },
    })
  end
end

local endings = {
  maxTokens = 'cut off: the answer was longer than the model may write',
  refusal = 'the model refused',
  cancelled = 'stopped',
  interrupted = 'cut off: the program ended',
  error = 'failed',
}

--- The message that was written is complete, or how it ended else.
---@param ending string
---@param reason string
function Page:finish(ending, reason)
  self:set_note()
  self.block = nil
  if endings[ending] then
    local row = self:place_of(self.tail)
    local text = '■ ' .. endings[ending] .. (reason ~= '' and (': ' .. reason) or '')
    vim.api.nvim_buf_set_extmark(self.buffer, namespace, row, 0, {
      virt_lines = { { { require('orchestrator.display').visible(text), 'OrchestratorChatEnding' } } },
    })
  end
end

--- The row of the draft's heading; without one, where it would be.
---@return integer
function Page:_draft_row()
  return self.draft and self:place_of(self.draft) or vim.api.nvim_buf_line_count(self.buffer) + 1
end

--- What the person has written and not sent.
---@return string
function Page:draft_text()
  local first = self.prompt and 0 or self:_draft_row() + 1
  local lines = vim.api.nvim_buf_get_lines(self.prompt or self.buffer, first, -1, false)
  return vim.trim(table.concat(lines, '\n'))
end

--- Empties the draft. `u` brings back what stood there.
---@param text? string what stands there from now on
function Page:set_draft(text)
  if self.prompt then
    vim.api.nvim_buf_set_lines(self.prompt, 0, -1, false, split(text or ''))
    vim.bo[self.prompt].modified = text ~= nil
    return
  end
  local first = self:_draft_row() + 1
  vim.api.nvim_buf_set_lines(self.buffer, first, -1, false, { '', unpack(split(text or '')) })
  self.drafts:note()
  self:_show_modified()
end

--- The message in whose lines a row is.
---@param row integer from 0
---@return string? message_id
---@return integer? first row of its text
---@return integer? last
function Page:at(row)
  local best, first, last ---@type string?, integer?, integer?
  local draft = self:_draft_row()
  for id, mark in pairs(self.said) do
    local place = self:place_of(mark)
    if place <= row and row < draft and (not first or place > first) then
      best, first = id, place
    end
  end
  if not first then
    return nil
  end
  last = draft
  for _, mark in pairs(self.said) do
    local place = self:place_of(mark)
    if place > first then
      last = math.min(last, place)
    end
  end
  return best, first + 2, last - 1
end

--- An empty page.
function Page:_clear()
  vim.api.nvim_buf_clear_namespace(self.buffer, namespace, 0, -1)
  self.said, self.note, self.block = {}, nil, nil
  local lines = self.prompt and { '' } or { '', '', '## You', '', '' }
  vim.api.nvim_buf_set_lines(self.buffer, 0, -1, false, lines)
  self:_set_tail(0, 0)
  if not self.prompt then
    self.draft = vim.api.nvim_buf_set_extmark(self.buffer, namespace, 2, 0, { id = self.draft })
  end
end

--- Begins anew with these messages; the draft stays.
---@param messages orchestrator.ChatMessage[]
function Page:fill(messages)
  local first = not self.prompt and self:_draft_row() + 1
  local draft = first and vim.api.nvim_buf_get_lines(self.buffer, first, -1, false)
  self:_write(function()
    self:_clear()
    if draft then
      vim.api.nvim_buf_set_lines(self.buffer, self:_draft_row() + 1, -1, false, draft)
    end
  end)
  for _, message in ipairs(messages) do
    self:add(message)
  end
end

---@param buffer integer
---@param prompt? integer the buffer of the draft
---@return orchestrator.chat.Page
function M.new(buffer, prompt)
  local page = { buffer = buffer, prompt = prompt, said = {} } ---@type orchestrator.chat.Page
  setmetatable(page, Page)
  vim.bo[buffer].modifiable = true
  page:_clear()
  if not prompt then
    page.drafts = drafts.new(buffer, function()
      return page:_draft_row() + 1
    end)
    page.drafts:note()
    page.drafts:watch(function()
      page:_show_modified()
    end)
  end
  page:_write(function() end) -- An empty page is the beginning of its history.
  return page
end

--- How deep a line is folded: blocks of thoughts and tools are, quotes in a message are not.
---@param number integer
---@return string
function M.fold(number)
  local line = vim.fn.getline(number)
  if line:sub(1, 1) ~= '>' then
    return '0'
  end
  if line:find('^> %*%*Thought%*%*$') or line:find('^> %*%*Tool%*%* ') then
    return '>1'
  end
  return '='
end

--- What a closed fold shows.
---@return string
function M.fold_text()
  local first = vim.fn.getline(vim.v.foldstart):gsub('^> ', ''):gsub('%*%*', '')
  return ('▸ %s (%d lines)'):format(first, vim.v.foldend - vim.v.foldstart + 1)
end

return M
