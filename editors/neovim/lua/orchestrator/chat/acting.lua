--- What a person does in a chat: by its keys, and by `:Orchestrator chat {word}`.
---
--- Apart from `chat`, which opens them, and `chat.stream`, which listens.

local actions = require('orchestrator.actions')
local display = require('orchestrator.display')
local options = require('orchestrator.options')
local stream = require('orchestrator.chat.stream')

local M = {}

---@param text string
local function complain(text)
  display.tell(text, vim.log.levels.ERROR)
end

--- The row of the chat that is meant: that of the cursor; from the draft's own buffer the last one.
---@param chat orchestrator.Chat
---@return integer row from 0
local function row_in(chat)
  if vim.api.nvim_get_current_buf() == chat.buffer then
    return vim.fn.line('.') - 1
  end
  return vim.api.nvim_buf_line_count(chat.buffer) - 1
end

--- Sends what stands in the draft.
---@param chat orchestrator.Chat
local function send(chat)
  local text = chat.page:draft_text()
  if text == '' then
    display.say(chat.prompt and 'write something first.' or 'write something below the last "## You" first.')
    return
  end
  chat.page:set_draft()
  stream.ask(chat, 'orchestrator/chat/send', { text = text }, function(result)
    if result.conversationId ~= chat.id then
      require('orchestrator.chat').open({ conversationId = result.conversationId })
    elseif result.correction then
      display.say('the run is told, and heeds it from its next step on.')
    end
  end, function(message)
    if chat.page:draft_text() == '' then
      chat.page:set_draft(text)
    end
    complain(message)
  end)
end

---@param chat orchestrator.Chat
local function stop(chat)
  stream.ask(chat, 'orchestrator/chat/cancel', {}, function(result)
    if not result.cancelled then
      display.say('nothing is being written.')
    end
  end)
end

---@param chat orchestrator.Chat
local function retry(chat)
  stream.ask(chat, 'orchestrator/chat/retry')
end

--- Writes a message, or the selected part of it, into the outline.
---@param chat orchestrator.Chat
---@param to? 'subtasks'|'description'|'result'
local function extract(chat, to)
  local selected ---@type string?
  local row = row_in(chat)
  if vim.fn.mode():match('^[vV\22]') then
    local first, last = vim.fn.line('v'), vim.fn.line('.')
    local lines = vim.api.nvim_buf_get_lines(0, math.min(first, last) - 1, math.max(first, last), false)
    selected = table.concat(lines, '\n')
    vim.cmd.normal({ args = { vim.keycode('<Esc>') }, bang = true })
  end
  local message_id = chat.page:at(row)
  local params = { to = to or 'subtasks', messageId = message_id, text = selected }
  stream.ask(chat, 'orchestrator/chat/extract', params, function(result)
    display.say(
      result.changed and 'written into the outline; u takes it back there.' or 'the task says it already.'
    )
  end)
end

--- The fenced block of code around the cursor; the person is told when there is none.
---@param chat orchestrator.Chat
---@return string[]?
local function code_block(chat)
  local row = row_in(chat)
  local _, first, last = chat.page:at(row)
  local lines = first and last and vim.api.nvim_buf_get_lines(chat.buffer, first, last, false) or {}
  local fence, start ---@type string?, integer?
  for index, line in ipairs(lines) do
    local mark = line:match('^%s*(```+)') or line:match('^%s*(~~~+)')
    if not fence and mark then
      fence, start = mark, first + index
    elseif fence and mark and mark:sub(1, #fence) == fence and line:match('^%s*[`~]+%s*$') then
      if start and start - 1 <= row and row <= first + index - 1 then
        return vim.api.nvim_buf_get_lines(chat.buffer, start, first + index - 1, false)
      end
      fence = nil
    end
  end
  display.say('the cursor is in no block of code.')
end

---@param chat orchestrator.Chat
local function yank_code(chat)
  local lines = code_block(chat)
  if not lines then
    return
  end
  local register = vim.v.register
  vim.fn.setreg(register, lines, 'l')
  display.say(('%d line%s yanked.'):format(#lines, #lines == 1 and '' or 's'))
end

--- Puts the block of code below the cursor of the window where the person was before.
---@param chat orchestrator.Chat
local function put_code(chat)
  local lines = code_block(chat)
  if not lines then
    return
  end
  local window = vim.fn.win_getid(vim.fn.winnr('#'))
  local buffer = window ~= 0 and vim.api.nvim_win_get_buf(window)
  if not buffer or buffer == chat.buffer or not vim.bo[buffer].modifiable then
    complain('There is no window before this one that it could be put into.')
    return
  end
  local row = vim.api.nvim_win_get_cursor(window)[1]
  vim.api.nvim_buf_set_lines(buffer, row, row, false, lines)
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':t')
  display.say(('%d lines put into %s; u takes them back there.'):format(#lines, name))
end

--- Shows messages before the first one.
---@param chat orchestrator.Chat
local function earlier(chat)
  if chat.earlier == 0 then
    display.say('the conversation begins here.')
    return
  end
  local first, first_row ---@type string?, integer?
  for id, mark in pairs(chat.page.said) do
    local row = chat.page:place_of(mark)
    if not first_row or row < first_row then
      first, first_row = id, row
    end
  end
  stream.ask(
    chat,
    'orchestrator/chat/page',
    { before = first, limit = stream.most_messages },
    function(result)
      local before = vim.api.nvim_buf_line_count(chat.buffer)
      stream.ask(chat, 'orchestrator/chat/open', { limit = stream.most_messages }, function(opened)
        stream.ask(chat, 'orchestrator/chat/close')
        opened.messages = vim.list_extend(result.messages, opened.messages)
        opened.earlier = result.earlier
        local window = vim.fn.bufwinid(chat.buffer)
        local cursor = window ~= -1 and vim.api.nvim_win_get_cursor(window)
        stream.show(chat, opened)
        if cursor then
          local more = vim.api.nvim_buf_line_count(chat.buffer) - before
          vim.api.nvim_win_set_cursor(window, { math.max(1, cursor[1] + more), cursor[2] })
        end
      end)
    end
  )
end

---@class orchestrator.chat.Action: orchestrator.Action
---@field run fun(chat: orchestrator.Chat)
---@field in_prompt? boolean it is a key of the draft's own buffer too

---@type orchestrator.chat.Action[]
M.keys = {
  {
    name = 'send',
    key = '<C-s>',
    modes = { 'n', 'i' },
    in_prompt = true,
    summary = 'send the draft (so does :w)',
    run = send,
  },
  { name = 'stop', key = '<C-c>', in_prompt = true, summary = 'stop the answer', run = stop },
  { name = 'retry', key = 'gR', summary = 'have the last message answered anew', run = retry },
  {
    name = 'extract',
    key = 'gE',
    modes = { 'n', 'x' },
    summary = 'make subtasks of the list in this message, or in the selection',
    run = extract,
  },
  { name = 'yank_code', key = 'gy', summary = 'yank this block of code', run = yank_code },
  { name = 'put_code', key = 'gp', summary = 'put it below the cursor of the window before', run = put_code },
  { name = 'earlier', key = 'g<lt>', summary = 'show earlier messages', run = earlier },
  {
    name = 'draft',
    key = 'gi',
    summary = 'go to the draft, in Insert mode',
    run = function(chat)
      require('orchestrator.chat.buffers').go_to_draft(chat)
      vim.cmd.startinsert({ bang = true })
    end,
  },
  {
    name = 'help',
    key = 'g?',
    in_prompt = true,
    summary = 'show these keys',
    run = function()
      actions.show(M.keys, options.get().chat.keys, 'orchestrator.chat.keys')
    end,
  },
}

--- What `:Orchestrator chat {word}` does in a chat.
---@type table<string, fun(chat: orchestrator.Chat, rest: string)>
M.words = {
  send = send,
  stop = stop,
  retry = retry,
  extract = function(chat, rest)
    if rest ~= '' and rest ~= 'subtasks' and rest ~= 'description' and rest ~= 'result' then
      complain('extract takes subtasks, description or result.')
      return
    end
    extract(chat, rest ~= '' and rest or nil)
  end,
  rename = function(chat, rest)
    vim.ui.input({ prompt = 'Title: ', default = rest ~= '' and rest or chat.info.title }, function(title)
      if title and title ~= '' then
        stream.ask(chat, 'orchestrator/chat/rename', { title = title })
      end
    end)
  end,
  model = function(chat, rest)
    stream.ask(chat, 'orchestrator/chat/model', { model = rest })
  end,
  restart = function(chat)
    stream.ask(chat, 'orchestrator/chat/restart', nil, function(result)
      if result.conversationId ~= chat.id then
        require('orchestrator.chat').open({ conversationId = result.conversationId })
      end
    end)
  end,
  fork = function(chat)
    local message_id = chat.page:at(row_in(chat))
    stream.ask(chat, 'orchestrator/chat/fork', { messageId = message_id }, function(info)
      if info.conversationId ~= chat.id then
        require('orchestrator.chat').open({ conversationId = info.conversationId })
      end
    end)
  end,
  delete = function(chat)
    local prompt = ('Delete the conversation about "%s"?'):format(chat.info.title)
    vim.ui.select({ 'Keep it', 'Delete it' }, { prompt = prompt }, function(_, index)
      if index == 2 then
        stream.ask(chat, 'orchestrator/chat/delete')
      end
    end)
  end,
}

return M
