--- Talking about a task: one buffer per conversation, which goes on while it is hidden.
---
--- Apart from `chat.page`, which is the text of one. The server keeps the conversation; what is here can be
--- read from it again at any time, and is when a piece was missed or the server was started anew.
---
--- Invariant: pieces are appended in the order of their numbers, each once
--- (test_a_missed_piece_is_read_again).

local actions = require('orchestrator.actions')
local display = require('orchestrator.display')
local highlights = require('orchestrator.highlights')
local options = require('orchestrator.options')
local pages = require('orchestrator.chat.page')
local place = require('orchestrator.place')
local server = require('orchestrator.server')

local M = {}

--- Messages that are read at once.
local most_messages = 500

---@class orchestrator.Chat
---@field id string of the conversation
---@field buffer integer
---@field client_id integer
---@field info orchestrator.ChatInfo
---@field page orchestrator.chat.Page
---@field seq integer
---@field earlier integer messages before the first one that is shown
---@field writing? string the message that is being written
---@field usage { input: integer, output: integer, cost: number, priced: boolean, model?: string }
---@field early orchestrator.ChatUpdateParams[] updates that came while it was read again

---@type table<string, orchestrator.Chat> by the id of the conversation
local chats = {}

---@type orchestrator.ChatUpdateParams[] what came while `chat/open` was not answered
local early = {}

--- Requests `chat/open` without an answer yet.
local opening = 0

---@param text string
local function complain(text)
  display.tell(text, vim.log.levels.ERROR)
end

---@param buffer? integer
---@return orchestrator.Chat?
local function of_buffer(buffer)
  local id = vim.b[buffer or 0].orchestrator_chat
  return id and chats[id]
end

--- A client for a conversation: that of its outline, or any.
---@param chat orchestrator.Chat
---@return vim.lsp.Client?
local function client_of(chat)
  local outline = vim.uri_to_bufnr(chat.info.uri)
  return server.client(outline) or vim.lsp.get_clients({ name = server.name })[1]
end

---@param client vim.lsp.Client
---@param method string
---@param params table
---@param on_result? fun(result: table)
---@param on_failure? fun(message: string)
local function request(client, method, params, on_result, on_failure)
  local buffer = next(client.attached_buffers) or vim.api.nvim_get_current_buf()
  client:request(method, params, function(failure, result)
    if failure then
      (on_failure or complain)(failure.message)
    elseif on_result then
      on_result(result)
    end
  end, buffer)
end

--- Sends a request about a conversation.
---@param chat orchestrator.Chat
---@param method string
---@param params? table
---@param on_result? fun(result: table)
---@param on_failure? fun(message: string)
local function ask(chat, method, params, on_result, on_failure)
  local client = client_of(chat)
  if not client then
    local text = 'No server runs: open the outline again.'
    (on_failure or complain)(text)
    return
  end
  params = vim.tbl_extend('force', { conversationId = chat.id }, params or {})
  request(client, method, params, on_result, on_failure)
end

-- What is shown beside the text

---@param number integer
---@return string
local function counted(number)
  return (tostring(number):reverse():gsub('(%d%d%d)', '%1,'):reverse():gsub('^,', ''))
end

--- The line above a chat: model, size of the next request, cost. For the option 'winbar'.
---@return string
function M.winbar()
  local chat = of_buffer(vim.api.nvim_win_get_buf(vim.g.statusline_winid or 0))
  if not chat then
    return ''
  end
  local info, usage = chat.info, chat.usage
  local model = usage.model or (info.model ~= '' and info.model) or 'model of the task'
  local parts = { info.title, model }
  local size = info.size
  if type(size) == 'table' then
    local window = type(size.window) == 'number' and (' of ' .. counted(size.window)) or ''
    parts[#parts + 1] = ('%s%s tokens%s'):format(
      counted(size.tokens),
      window,
      size.fit ~= 'good' and (' (%s)'):format(size.fit) or ''
    )
  end
  if usage.input > 0 or usage.output > 0 then
    parts[#parts + 1] = usage.priced and ('$%.4f'):format(usage.cost) or 'price not known'
  end
  if chat.writing then
    parts[#parts + 1] = '● writing'
  end
  return (display.visible(table.concat(parts, ' · ')):gsub('%%', '%%%%'))
end

---@param chat orchestrator.Chat
local function redraw_bar(chat)
  if #vim.fn.win_findbuf(chat.buffer) > 0 then
    vim.cmd.redrawstatus({ bang = true })
  end
end

---@param chat orchestrator.Chat
local function prepare_window(chat)
  local window = vim.api.nvim_get_current_win()
  if vim.api.nvim_win_get_buf(window) ~= chat.buffer then
    return
  end
  for name, value in pairs({
    winbar = "%{%v:lua.require'orchestrator.chat'.winbar()%}",
    foldmethod = 'expr',
    foldexpr = "v:lua.require'orchestrator.chat.page'.fold(v:lnum)",
    foldtext = "v:lua.require'orchestrator.chat.page'.fold_text()",
    foldlevel = 0,
    wrap = true,
    linebreak = true,
  }) do
    vim.wo[window][0][name] = value
  end
end

-- What the server says

local read_again ---@type fun(chat: orchestrator.Chat)

--- The size of the next request, after something was said.
---@param chat orchestrator.Chat
local function look_at_size(chat)
  ask(chat, 'orchestrator/chat/open', { limit = 1 }, function(opened)
    ask(chat, 'orchestrator/chat/close')
    chat.info = opened.conversation
    local size = chat.info.size
    if type(size) == 'table' and size.advice ~= '' then
      chat.page:set_note(display.visible(size.advice), 'OrchestratorChatEnding')
    end
    redraw_bar(chat)
  end, function() end)
end

---@type table<string, fun(chat: orchestrator.Chat, update: table, message_id: string)>
local updates = {
  message = function(chat, update)
    chat.page:add(update.message)
    if update.message.ending == 'open' then
      chat.writing = update.message.messageId
      chat.page:set_note('…')
    end
  end,
  text = function(chat, update)
    chat.page:set_note()
    chat.page:text(update.text)
  end,
  thought = function(chat, update)
    chat.page:set_note()
    chat.page:thought(update.text)
  end,
  toolCall = function(chat, update)
    chat.page:tool_call(update.tool, update.arguments)
  end,
  toolResult = function(chat, update)
    chat.page:tool_result(update.text, update.failed)
  end,
  note = function(chat, update)
    chat.page:set_note(display.visible(update.text))
  end,
  usage = function(chat, update)
    local usage, said = chat.usage, update.usage
    usage.model = update.model
    usage.input = usage.input + (said.inputTokens or 0)
    usage.output = usage.output + (said.outputTokens or 0)
    usage.priced = usage.priced and type(said.costUsd) == 'number'
    usage.cost = usage.cost + (type(said.costUsd) == 'number' and said.costUsd or 0)
  end,
  ['end'] = function(chat, update)
    chat.writing = nil
    chat.page:finish(update.stopReason, update.reason or '')
    look_at_size(chat)
  end,
  changed = function(chat)
    read_again(chat)
  end,
  deleted = function(chat)
    chats[chat.id] = nil
    display.tell(('The conversation about "%s" was deleted.'):format(chat.info.title))
    vim.api.nvim_buf_delete(chat.buffer, { force = true })
  end,
}

---@param chat orchestrator.Chat
---@param params orchestrator.ChatUpdateParams
local function apply(chat, params)
  if params.seq <= chat.seq then
    return
  elseif params.seq > chat.seq + 1 then
    read_again(chat)
    return
  end
  chat.seq = params.seq
  local update = updates[params.update.kind]
  if update and vim.api.nvim_buf_is_loaded(chat.buffer) then
    update(chat, params.update, params.messageId)
    if params.update.kind ~= 'text' then
      redraw_bar(chat)
    end
  end
end

--- Handler of `orchestrator/chat/update`.
---@type lsp.Handler
function M.on_update(_, params)
  if opening > 0 then
    early[#early + 1] = params
    return
  end
  local chat = chats[params.conversationId]
  if chat then
    apply(chat, params)
  end
end

--- Requests the state of a conversation; what comes meanwhile is kept and follows it.
---@param client vim.lsp.Client
---@param params table
---@param on_opened fun(opened: orchestrator.ChatOpenResult)
local function open(client, params, on_opened)
  opening = opening + 1
  local function done()
    opening = opening - 1
    if opening == 0 then
      local waiting = early
      early = {}
      for _, update in ipairs(waiting) do
        M.on_update(nil, update)
      end
    end
  end
  params.limit = most_messages
  request(client, 'orchestrator/chat/open', params, function(opened)
    on_opened(opened)
    done()
  end, function(message)
    complain(message)
    done()
  end)
end

---@param chat orchestrator.Chat
---@param opened orchestrator.ChatOpenResult
local function show(chat, opened)
  chat.info, chat.seq, chat.earlier = opened.conversation, opened.seq, opened.earlier
  chat.writing = nil
  chat.page:fill(opened.messages)
  local last = opened.messages[#opened.messages]
  if last and last.ending == 'open' then
    chat.writing = last.messageId
  end
  redraw_bar(chat)
end

--- Reads all of it from the server: a piece was missed, or another branch or another server is there.
read_again = function(chat)
  local client = client_of(chat)
  if not client then
    complain('No server runs: open the outline again.')
    return
  end
  local again = client.id == chat.client_id
  open(client, { conversationId = chat.id }, function(opened)
    if again then
      request(client, 'orchestrator/chat/close', { conversationId = chat.id }) -- It was opened before.
    end
    chat.client_id = client.id
    if vim.api.nvim_buf_is_loaded(chat.buffer) then
      show(chat, opened)
    end
  end)
end

-- What a person does

--- Sends what stands in the draft.
---@param chat orchestrator.Chat
local function send(chat)
  local text = chat.page:draft_text()
  if text == '' then
    display.say('write something below the last "## You" first.')
    return
  end
  chat.page:set_draft()
  ask(chat, 'orchestrator/chat/send', { text = text }, function(result)
    if result.conversationId ~= chat.id then
      M.open({ conversationId = result.conversationId })
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
  ask(chat, 'orchestrator/chat/cancel', {}, function(result)
    if not result.cancelled then
      display.say('nothing is being written.')
    end
  end)
end

---@param chat orchestrator.Chat
local function retry(chat)
  ask(chat, 'orchestrator/chat/retry')
end

--- Writes a message, or the selected part of it, into the outline.
---@param chat orchestrator.Chat
---@param to? 'subtasks'|'description'|'result'
local function extract(chat, to)
  local selected ---@type string?
  local row = vim.fn.line('.') - 1
  if vim.fn.mode():match('^[vV\22]') then
    local first, last = vim.fn.line('v'), vim.fn.line('.')
    local lines = vim.api.nvim_buf_get_lines(0, math.min(first, last) - 1, math.max(first, last), false)
    selected = table.concat(lines, '\n')
    vim.cmd.normal({ args = { vim.keycode('<Esc>') }, bang = true })
  end
  local message_id = chat.page:at(row)
  local params = { to = to or 'subtasks', messageId = message_id, text = selected }
  ask(chat, 'orchestrator/chat/extract', params, function(result)
    display.say(
      result.changed and 'written into the outline; u takes it back there.' or 'the task says it already.'
    )
  end)
end

--- The fenced block of code around the cursor.
---@param chat orchestrator.Chat
---@return string[]?
local function code_block(chat)
  local row = vim.fn.line('.') - 1
  local _, first, last = chat.page:at(row)
  if not first or not last then
    return nil
  end
  local fence, start ---@type string?, integer?
  for index, line in ipairs(vim.api.nvim_buf_get_lines(chat.buffer, first, last, false)) do
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
end

---@param chat orchestrator.Chat
local function yank_code(chat)
  local lines = code_block(chat)
  if not lines then
    display.say('the cursor is in no block of code.')
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
    display.say('the cursor is in no block of code.')
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
    local row = chat.page:_place(mark)
    if not first_row or row < first_row then
      first, first_row = id, row
    end
  end
  ask(chat, 'orchestrator/chat/page', { before = first, limit = most_messages }, function(result)
    local before = vim.api.nvim_buf_line_count(chat.buffer)
    ask(chat, 'orchestrator/chat/open', { limit = most_messages }, function(opened)
      ask(chat, 'orchestrator/chat/close')
      opened.messages = vim.list_extend(result.messages, opened.messages)
      opened.earlier = result.earlier
      local window = vim.fn.bufwinid(chat.buffer)
      local cursor = window ~= -1 and vim.api.nvim_win_get_cursor(window)
      show(chat, opened)
      if cursor then
        local more = vim.api.nvim_buf_line_count(chat.buffer) - before
        vim.api.nvim_win_set_cursor(window, { math.max(1, cursor[1] + more), cursor[2] })
      end
    end)
  end)
end

---@class orchestrator.chat.Action: orchestrator.Action
---@field run fun(chat: orchestrator.Chat)

---@type orchestrator.chat.Action[]
M.actions = {
  { name = 'send', key = '<C-s>', modes = { 'n', 'i' }, summary = 'send the draft (so does :w)', run = send },
  { name = 'stop', key = '<C-c>', summary = 'stop the answer', run = stop },
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
    name = 'help',
    key = 'g?',
    summary = 'show these keys',
    run = function()
      actions.show(M.actions, options.get().chat.keys, 'orchestrator.chat.keys')
    end,
  },
}

---@param opened orchestrator.ChatOpenResult
---@param client vim.lsp.Client
---@return orchestrator.Chat
local function new_chat(opened, client)
  local id = opened.conversation.conversationId
  local buffer = vim.api.nvim_create_buf(true, false)
  local title = opened.conversation.title:gsub('[%c/\\]', ' ')
  vim.api.nvim_buf_set_name(buffer, ('orchestrator://chat/%s/%s'):format(id, vim.trim(title):sub(1, 60)))
  vim.bo[buffer].buftype = 'acwrite'
  vim.bo[buffer].bufhidden = 'hide'
  vim.bo[buffer].swapfile = false
  vim.b[buffer].orchestrator_chat = id
  local chat = { ---@type orchestrator.Chat
    id = id,
    buffer = buffer,
    client_id = client.id,
    info = opened.conversation,
    page = pages.new(buffer),
    seq = opened.seq,
    earlier = 0,
    usage = { input = 0, output = 0, cost = 0, priced = true },
    early = {},
  }
  chats[id] = chat
  vim.api.nvim_create_autocmd('BufWriteCmd', {
    buffer = buffer,
    callback = function()
      send(chat)
    end,
  })
  vim.api.nvim_create_autocmd('BufWinEnter', {
    buffer = buffer,
    callback = function()
      prepare_window(chat)
    end,
  })
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buffer,
    callback = function()
      if chats[id] == chat then
        chats[id] = nil
        ask(chat, 'orchestrator/chat/close', nil, nil, function() end)
      end
    end,
  })
  actions.set(buffer, M.actions, options.get().chat.keys, function(action)
    action.run(chat)
  end)
  vim.bo[buffer].filetype = 'markdown'
  return chat
end

---@param buffer integer
---@param layout 'right'|'below'|'tab'|'here'
local function show_window(buffer, layout)
  local window = vim.fn.bufwinid(buffer)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  elseif layout == 'here' then
    vim.api.nvim_win_set_buf(0, buffer)
  elseif layout == 'tab' then
    vim.cmd('tab sbuffer ' .. buffer)
  else
    vim.cmd((layout == 'right' and 'botright vertical' or 'botright') .. ' sbuffer ' .. buffer)
  end
end

--- Opens a conversation: by its id, or that of a task.
---@param params table of `chat/open`
function M.open(params)
  local outline = params.uri and vim.uri_to_bufnr(params.uri) or vim.api.nvim_get_current_buf()
  local client, problem = server.client(outline)
  client = client or (not params.uri and vim.lsp.get_clients({ name = server.name })[1] or nil)
  if not client then
    complain(problem --[[@as string]])
    return
  end
  highlights.define()
  open(client, params, function(opened)
    local id = opened.conversation.conversationId
    local chat = chats[id]
    if chat and vim.api.nvim_buf_is_valid(chat.buffer) then
      request(client, 'orchestrator/chat/close', { conversationId = id }) -- It was open already.
    else
      chat = new_chat(opened, client)
      show(chat, opened)
    end
    show_window(chat.buffer, options.get().chat.layout)
    prepare_window(chat)
    vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(chat.buffer), 0 })
  end)
end

--- The chat of the task under the cursor.
---@param line? integer
---@param new? boolean
function M.at_cursor(line, new)
  local here = place.here(line)
  local current = vim.api.nvim_get_current_buf()
  local waiting = server.when_started(here.buffer, function()
    if vim.api.nvim_get_current_buf() == current then
      M.at_cursor(line, new)
    end
  end)
  if waiting then
    display.say('the server is starting…')
    return
  end
  M.open(vim.tbl_extend('error', place.params(here), { new = new or false }))
end

--- The task of a chat.
---@param buffer integer
---@return orchestrator.Place
function M.place(buffer)
  local chat = of_buffer(buffer)
  if not chat then
    return { buffer = buffer }
  end
  local node_id = chat.info.nodeId
  return { buffer = vim.uri_to_bufnr(chat.info.uri), node_id = type(node_id) == 'string' and node_id or nil }
end

--- Chooses one of the conversations of the outline's folder.
local function choose()
  local buffer = place.here().buffer
  server.request(buffer, 'orchestrator/chat/list', { uri = vim.uri_from_bufnr(buffer) }, function(result)
    if #result.conversations == 0 then
      display.say('there are no conversations yet.')
      return
    end
    vim.ui.select(result.conversations, {
      prompt = 'Conversations',
      kind = 'orchestrator.chat',
      format_item = function(info)
        local day = os.date('%Y-%m-%d %H:%M', math.floor(info.updated))
        local live = info.live and '● ' or ''
        return ('%s%s  %s: %s'):format(live, day, display.visible(info.title), display.visible(info.preview))
      end,
    }, function(info)
      if info then
        M.open({ conversationId = info.conversationId })
      end
    end)
  end)
end

--- What `:Orchestrator chat {word}` does in a chat.
---@type table<string, fun(chat: orchestrator.Chat, rest: string)>
local words = {
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
        ask(chat, 'orchestrator/chat/rename', { title = title })
      end
    end)
  end,
  model = function(chat, rest)
    ask(chat, 'orchestrator/chat/model', { model = rest })
  end,
  restart = function(chat)
    ask(chat, 'orchestrator/chat/restart', nil, function(result)
      if result.conversationId ~= chat.id then
        M.open({ conversationId = result.conversationId })
      end
    end)
  end,
  fork = function(chat)
    local message_id = chat.page:at(vim.fn.line('.') - 1)
    ask(chat, 'orchestrator/chat/fork', { messageId = message_id }, function(info)
      if info.conversationId ~= chat.id then
        M.open({ conversationId = info.conversationId })
      end
    end)
  end,
  delete = function(chat)
    local prompt = ('Delete the conversation about "%s"?'):format(chat.info.title)
    vim.ui.select({ 'Keep it', 'Delete it' }, { prompt = prompt }, function(_, index)
      if index == 2 then
        ask(chat, 'orchestrator/chat/delete')
      end
    end)
  end,
}

---@return string[]
function M.words()
  local known = of_buffer() and vim.tbl_keys(words) or { 'list', 'new' }
  table.sort(known)
  return known
end

--- `:Orchestrator chat`.
---@param call orchestrator.Call
function M.command(call)
  local word = call.arguments[1]
  local chat = of_buffer()
  if word == 'list' then
    choose()
  elseif chat and word and words[word] then
    words[word](chat, table.concat(call.arguments, ' ', 2))
  elseif chat and word == 'new' then
    -- Its first message may have given the task an id, by which it is found.
    ask(chat, 'orchestrator/chat/open', { limit = 1 }, function(opened)
      ask(chat, 'orchestrator/chat/close')
      local info = opened.conversation
      M.open({ uri = info.uri, nodeId = info.nodeId, new = true })
    end)
  elseif not word or word == 'new' then
    if not chat then
      M.at_cursor(call.line, word == 'new')
    end
  elseif words[word] then
    complain(('chat %s works in a chat: :Orchestrator chat opens that of a task.'):format(word))
  else
    complain(("chat does not know '%s'."):format(word))
  end
end

--- `:edit` in a chat: what the server has of it.
---@param buffer integer
function M.read_again(buffer)
  local chat = of_buffer(buffer)
  if chat then
    chat.page = pages.new(buffer)
    read_again(chat)
  end
end

--- The server ended: what was being written is stored as far as it came.
---@param client_id integer
function M.on_server_exit(client_id)
  for _, chat in pairs(chats) do
    if chat.client_id == client_id and vim.api.nvim_buf_is_loaded(chat.buffer) then
      chat.writing = nil
      chat.page:set_note('■ the server stopped; this goes on when it is back', 'OrchestratorChatEnding')
    end
  end
end

--- A server is there again: chats of the one before go on with it.
---@param client vim.lsp.Client
function M.on_server_start(client)
  for _, chat in pairs(chats) do
    if chat.client_id ~= client.id and not vim.lsp.get_client_by_id(chat.client_id) then
      read_again(chat)
    end
  end
end

return M
