--- Talking about a task: `:Orchestrator chat` opens a conversation, and says what is meant by its words.
---
--- Apart from what a conversation is made of: `chat.stream` follows the server, `chat.page` is the text,
--- `chat.buffers` are its windows, and `chat.acting` is what a person does there.

local acting = require('orchestrator.chat.acting')
local buffers = require('orchestrator.chat.buffers')
local display = require('orchestrator.display')
local highlights = require('orchestrator.highlights')
local pages = require('orchestrator.chat.page')
local place = require('orchestrator.place')
local server = require('orchestrator.server')
local stream = require('orchestrator.chat.stream')

local M = {}

---@param text string
local function complain(text)
  display.tell(text, vim.log.levels.ERROR)
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
  stream.read(client, params, function(opened)
    local id = opened.conversation.conversationId
    local chat = stream.all[id]
    if chat and vim.api.nvim_buf_is_valid(chat.buffer) then
      stream.request(client, 'orchestrator/chat/close', { conversationId = id }) -- It was open already.
    else
      chat = buffers.new(opened, client)
      chat.node_id = params.nodeId
      stream.show(chat, opened)
    end
    buffers.show(chat)
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
  local params = place.params(here)
  local function open(node_id)
    M.open({ uri = params.uri, nodeId = node_id, new = new or false })
  end
  if here.node_id then
    open(here.node_id)
    return
  end
  server.request(here.buffer, 'orchestrator/tree/locate', params, function(found)
    open(found.nodeId)
  end)
end

--- The task of a chat.
---@param buffer integer
---@return orchestrator.Place
function M.place(buffer)
  local chat = stream.of_buffer(buffer)
  if not chat then
    return { buffer = buffer }
  end
  local node_id = chat.info.nodeId
  return {
    buffer = vim.uri_to_bufnr(chat.info.uri),
    -- Never none: that would mean all of the outline. The server says that it does not know it.
    node_id = type(node_id) == 'string' and node_id or chat.node_id or 'unknown',
  }
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

---@return string[]
function M.words()
  local known = stream.of_buffer() and vim.tbl_keys(acting.words) or { 'list', 'new' }
  table.sort(known)
  return known
end

--- `:Orchestrator chat`.
---@param call orchestrator.Call
function M.command(call)
  local word = call.arguments[1]
  local chat = stream.of_buffer()
  if word == 'list' then
    choose()
  elseif chat and word and acting.words[word] then
    acting.words[word](chat, table.concat(call.arguments, ' ', 2))
  elseif chat and word == 'new' then
    -- Its first message may have given the task an id, by which it is found.
    stream.ask(chat, 'orchestrator/chat/open', { limit = 1 }, function(opened)
      stream.ask(chat, 'orchestrator/chat/close')
      local info = opened.conversation
      M.open({ uri = info.uri, nodeId = info.nodeId, new = true })
    end)
  elseif not word or word == 'new' then
    if not chat then
      M.at_cursor(call.line, word == 'new')
    end
  elseif acting.words[word] then
    complain(('chat %s works in a chat: :Orchestrator chat opens that of a task.'):format(word))
  else
    complain(("chat does not know '%s'."):format(word))
  end
end

--- `:edit` in a chat: what the server has of it.
---@param buffer integer
function M.read_again(buffer)
  local chat = stream.of_buffer(buffer)
  if chat and buffer == chat.buffer then
    chat.page = pages.new(buffer, chat.prompt)
    stream.read_again(chat)
  end
end

return M
