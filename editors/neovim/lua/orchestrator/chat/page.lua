--- A conversation as an ordinary Markdown buffer: messages, what is being written, and a draft below them.
---
--- Apart from `chat`, which talks with the server: here is only text. What a model writes is appended where
--- the messages end; the draft stays below it, and the cursor with it. Streamed text is no step of undo: it
--- was not written by the person, and `u` must not take it back.
---
--- Invariant: a piece is appended and nothing else is written (test_streamed_text_is_appended).
--- Invariant: the cursor stays on its text, and the draft as it is (test_the_cursor_and_the_draft_stay).

local M = {}

local namespace = vim.api.nvim_create_namespace('orchestrator.chat')

---@class orchestrator.chat.Page
---@field buffer integer
---@field tail integer extmark: where the messages end
---@field draft integer extmark: the first line of the draft
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
  bo.undolevels = -1
  change()
  bo.undolevels = levels
  bo.modified = self:draft_text() ~= ''
end

---@param id integer
---@return integer row
---@return integer column
function Page:_place(id)
  local place = vim.api.nvim_buf_get_extmark_by_id(self.buffer, namespace, id, {})
  return place[1], place[2]
end

--- Puts text where the messages end.
---@param lines string[] the first one goes on in the last line that there is
function Page:_append(lines)
  local row, column = self:_place(self.tail)
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
  local row = self:_place(self.tail)
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
    local row = self:_place(self.tail)
    if row > 0 or vim.api.nvim_buf_get_lines(self.buffer, 0, 1, false)[1] ~= '' then
      self:_paragraph()
    end
    self.said[message.messageId] = vim.api.nvim_buf_set_extmark(
      self.buffer,
      namespace,
      (self:_place(self.tail)),
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
    local row = self:_place(self.tail)
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
    local row = self:_place(self.tail)
    local text = '■ ' .. endings[ending] .. (reason ~= '' and (': ' .. reason) or '')
    vim.api.nvim_buf_set_extmark(self.buffer, namespace, row, 0, {
      virt_lines = { { { require('orchestrator.display').visible(text), 'OrchestratorChatEnding' } } },
    })
  end
end

--- What the person has written and not sent.
---@return string
function Page:draft_text()
  local row = self:_place(self.draft)
  local lines = vim.api.nvim_buf_get_lines(self.buffer, row + 1, -1, false)
  return vim.trim(table.concat(lines, '\n'))
end

--- Empties the draft.
---@param text? string what stands there from now on
function Page:set_draft(text)
  self:_write(function()
    local row = self:_place(self.draft)
    vim.api.nvim_buf_set_lines(self.buffer, row + 1, -1, false, { '', unpack(split(text or '')) })
  end)
end

--- The message in whose lines a row is.
---@param row integer from 0
---@return string? message_id
---@return integer? first row of its text
---@return integer? last
function Page:at(row)
  local best, first, last ---@type string?, integer?, integer?
  local draft = self:_place(self.draft)
  for id, mark in pairs(self.said) do
    local place = self:_place(mark)
    if place <= row and row < draft and (not first or place > first) then
      best, first = id, place
    end
  end
  if not first then
    return nil
  end
  last = draft
  for _, mark in pairs(self.said) do
    local place = self:_place(mark)
    if place > first then
      last = math.min(last, place)
    end
  end
  return best, first + 2, last - 1
end

--- Begins anew with these messages; the draft stays.
---@param messages orchestrator.ChatMessage[]
function Page:fill(messages)
  local draft = self:draft_text()
  self:_write(function()
    vim.api.nvim_buf_clear_namespace(self.buffer, namespace, 0, -1)
    self.said, self.note, self.block = {}, nil, nil
    vim.api.nvim_buf_set_lines(self.buffer, 0, -1, false, { '', '', '## You', '', '' })
    self:_set_tail(0, 0)
    self.draft = vim.api.nvim_buf_set_extmark(self.buffer, namespace, 2, 0, { id = self.draft })
  end)
  for _, message in ipairs(messages) do
    self:add(message)
  end
  self:set_draft(draft)
end

---@param buffer integer
---@return orchestrator.chat.Page
function M.new(buffer)
  local page = setmetatable({ buffer = buffer, said = {} }, Page) ---@type orchestrator.chat.Page
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, { '', '', '## You', '', '' })
  page:_set_tail(0, 0)
  page.draft = vim.api.nvim_buf_set_extmark(buffer, namespace, 2, 0, {})
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
