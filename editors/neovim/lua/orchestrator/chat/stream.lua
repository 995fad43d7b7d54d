--- Conversations that this editor shows, and what their server says of them.
---
--- Apart from `chat`, which a person opens and acts in. The server keeps a conversation; what is here can
--- be read from it again at any time, and is when a piece was missed or the server was started anew.
---
--- Invariant: pieces are appended in the order of their numbers, each once
--- (test_a_missed_piece_is_read_again).

local display = require('orchestrator.display')
local server = require('orchestrator.server')

local M = {}

--- Messages that are read at once.
M.most_messages = 500

---@class orchestrator.Chat
---@field id string of the conversation
---@field buffer integer
---@field prompt? integer the buffer of the draft, where it has one
---@field client_id integer
---@field node_id? string its task, for as long as that has no id
---@field info orchestrator.ChatInfo
---@field page orchestrator.chat.Page
---@field seq integer
---@field earlier integer messages before the first one that is shown
---@field writing? string the message that is being written
---@field usage { input: integer, output: integer, cost: number, priced: boolean, model?: string }

---@type table<string, orchestrator.Chat> by the id of the conversation
local chats = {}
M.all = chats

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
function M.of_buffer(buffer)
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
function M.request(client, method, params, on_result, on_failure)
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
function M.ask(chat, method, params, on_result, on_failure)
  local client = client_of(chat)
  if not client then
    local text = 'No server runs: open the outline again.'
    (on_failure or complain)(text)
    return
  end
  params = vim.tbl_extend('force', { conversationId = chat.id }, params or {})
  M.request(client, method, params, on_result, on_failure)
end

---@param chat orchestrator.Chat
local function redraw_bar(chat)
  if #vim.fn.win_findbuf(chat.buffer) > 0 then
    vim.cmd.redrawstatus({ bang = true })
  end
end

--- The size of the next request, after something was said.
---@param chat orchestrator.Chat
local function look_at_size(chat)
  M.ask(chat, 'orchestrator/chat/open', { limit = 1 }, function(opened)
    M.ask(chat, 'orchestrator/chat/close')
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
    M.read_again(chat)
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
    M.read_again(chat)
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
function M.read(client, params, on_opened)
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
  params.limit = M.most_messages
  M.request(client, 'orchestrator/chat/open', params, function(opened)
    on_opened(opened)
    done()
  end, function(message)
    complain(message)
    done()
  end)
end

---@param chat orchestrator.Chat
---@param opened orchestrator.ChatOpenResult
function M.show(chat, opened)
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
---@param chat orchestrator.Chat
function M.read_again(chat)
  local client = client_of(chat)
  if not client then
    complain('No server runs: open the outline again.')
    return
  end
  local again = client.id == chat.client_id
  M.read(client, { conversationId = chat.id }, function(opened)
    if again then
      M.request(client, 'orchestrator/chat/close', { conversationId = chat.id }) -- It was opened before.
    end
    chat.client_id = client.id
    if vim.api.nvim_buf_is_loaded(chat.buffer) then
      M.show(chat, opened)
    end
  end)
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
      M.read_again(chat)
    end
  end
end

return M
