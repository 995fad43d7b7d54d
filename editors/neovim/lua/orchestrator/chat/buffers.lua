--- The buffers of a conversation and their windows: the text, and the draft where it has a buffer of its own.
---
--- Apart from `chat.page`, which is the text itself.
---
--- Invariant: a chat and its draft are hidden and closed together (test_a_draft_in_a_window_of_its_own).

local acting = require('orchestrator.chat.acting')
local actions = require('orchestrator.actions')
local display = require('orchestrator.display')
local options = require('orchestrator.options')
local pages = require('orchestrator.chat.page')
local stream = require('orchestrator.chat.stream')

local M = {}

--- Lines of the window of a draft.
local prompt_height = 6

---@param number integer
---@return string
local function counted(number)
  return (tostring(number):reverse():gsub('(%d%d%d)', '%1,'):reverse():gsub('^,', ''))
end

--- The line above a chat: model, size of the next request, cost. For the option 'winbar'.
---@return string
function M.winbar()
  local window = vim.g.statusline_winid or vim.api.nvim_get_current_win()
  local chat = stream.of_buffer(vim.api.nvim_win_get_buf(window))
  if not chat then
    return ''
  end
  local info, usage = chat.info, chat.usage
  local model = usage.model or (info.model ~= '' and info.model) or 'model of the task'
  local parts = { model }
  local size = info.size
  if type(size) == 'table' then
    local most = type(size.window) == 'number' and (' of ' .. counted(size.window)) or ''
    parts[#parts + 1] = ('%s%s tokens%s'):format(
      counted(size.tokens),
      most,
      size.fit ~= 'good' and (' (%s)'):format(size.fit) or ''
    )
  end
  if usage.input > 0 or usage.output > 0 then
    parts[#parts + 1] = usage.priced and ('$%.4f'):format(usage.cost) or 'price not known'
  end
  if chat.writing then
    parts[#parts + 1] = '● writing'
  end
  -- In a narrow window the title has what is left of the line: its task stands beside it.
  local behind = ' · ' .. display.visible(table.concat(parts, ' · '))
  local title = display.visible(info.title)
  local room = vim.api.nvim_win_get_width(window) - vim.fn.strdisplaywidth(behind)
  if vim.fn.strdisplaywidth(title) > room then
    title = vim.fn.strcharpart(title, 0, math.max(room - 1, 0)) .. '…'
  end
  return ((title .. behind):gsub('%%', '%%%%'))
end

---@param chat orchestrator.Chat
local function prepare_window(chat)
  local window = vim.api.nvim_get_current_win()
  if vim.api.nvim_win_get_buf(window) ~= chat.buffer then
    return
  end
  for name, value in pairs({
    winbar = "%{%v:lua.require'orchestrator.chat.buffers'.winbar()%}",
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

---@param chat orchestrator.Chat
---@param buffer integer
---@param in_prompt boolean
local function set_keys(chat, buffer, in_prompt)
  local keys = vim.tbl_filter(function(action)
    return action.in_prompt or not in_prompt
  end, acting.keys)
  actions.set(buffer, keys, options.get().chat.keys, function(action)
    action.run(chat)
  end)
  vim.api.nvim_create_autocmd('BufWriteCmd', {
    buffer = buffer,
    callback = function()
      acting.words.send(chat, '')
    end,
  })
end

---@param opened orchestrator.ChatOpenResult
---@param what string
---@return integer buffer
local function new_buffer(opened, what)
  local id = opened.conversation.conversationId
  local buffer = vim.api.nvim_create_buf(what == 'chat', false)
  local title = opened.conversation.title:gsub('[%c/\\]', ' ')
  vim.api.nvim_buf_set_name(buffer, ('orchestrator://%s/%s/%s'):format(what, id, vim.trim(title):sub(1, 60)))
  vim.bo[buffer].buftype = 'acwrite'
  vim.bo[buffer].bufhidden = 'hide'
  vim.bo[buffer].swapfile = false
  vim.b[buffer].orchestrator_chat = id
  return buffer
end

--- The windows of a draft go where those of its chat go.
---@param chat orchestrator.Chat
local function close_together(chat)
  vim.api.nvim_create_autocmd({ 'BufWinLeave', 'BufHidden' }, {
    buffer = chat.buffer,
    callback = vim.schedule_wrap(function()
      if not vim.api.nvim_buf_is_valid(chat.prompt) or #vim.fn.win_findbuf(chat.buffer) > 0 then
        return
      end
      for _, window in ipairs(vim.fn.win_findbuf(chat.prompt)) do
        pcall(vim.api.nvim_win_close, window, false) -- It may be the last one.
      end
    end),
  })
end

--- Buffers for a conversation that was opened.
---@param opened orchestrator.ChatOpenResult
---@param client vim.lsp.Client
---@return orchestrator.Chat
function M.new(opened, client)
  local buffer = new_buffer(opened, 'chat')
  local prompt = options.get().chat.input == 'split' and new_buffer(opened, 'draft') or nil
  local chat = { ---@type orchestrator.Chat
    id = opened.conversation.conversationId,
    buffer = buffer,
    prompt = prompt,
    client_id = client.id,
    info = opened.conversation,
    page = pages.new(buffer, prompt),
    seq = opened.seq,
    earlier = 0,
    usage = { input = 0, output = 0, cost = 0, priced = true },
  }
  stream.all[chat.id] = chat
  vim.api.nvim_create_autocmd('BufWinEnter', {
    buffer = buffer,
    callback = function()
      prepare_window(chat)
    end,
  })
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buffer,
    callback = function()
      if stream.all[chat.id] == chat then
        stream.all[chat.id] = nil
        stream.ask(chat, 'orchestrator/chat/close', nil, nil, function() end)
      end
      vim.schedule(function()
        if prompt and vim.api.nvim_buf_is_valid(prompt) then
          vim.api.nvim_buf_delete(prompt, { force = true })
        end
      end)
    end,
  })
  set_keys(chat, buffer, false)
  vim.bo[buffer].filetype = 'markdown'
  if prompt then
    set_keys(chat, prompt, true)
    vim.api.nvim_create_autocmd('BufWipeout', {
      buffer = prompt,
      callback = vim.schedule_wrap(function()
        if vim.api.nvim_buf_is_valid(buffer) then -- Without a draft it is no chat.
          vim.api.nvim_buf_delete(buffer, { force = true })
        end
      end),
    })
    close_together(chat)
    vim.bo[prompt].filetype = 'markdown'
  end
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

--- Goes to where the person writes: the end of the chat, or the window of the draft, which is opened for it.
---@param chat orchestrator.Chat
function M.go_to_draft(chat)
  if not chat.prompt then
    vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(chat.buffer), 0 })
    return
  end
  local window = vim.fn.bufwinid(chat.prompt)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
    return
  end
  window = vim.api.nvim_open_win(chat.prompt, true, { split = 'below', win = 0, height = prompt_height })
  vim.wo[window][0].winfixheight = true
  vim.wo[window][0].winfixbuf = true
  local send = actions.key_of(acting.keys[1], options.get().chat.keys)
  local sends = send and vim.fn.keytrans(vim.keycode(send)) or ':w'
  local title = display.visible(chat.info.title):gsub('%%', '%%%%')
  vim.wo[window][0].winbar = ('To "%s": %s sends'):format(title, (sends:gsub('%%', '%%%%')))
end

--- Shows a chat, with the cursor where the person writes.
---@param chat orchestrator.Chat
function M.show(chat)
  show_window(chat.buffer, options.get().chat.layout)
  prepare_window(chat)
  vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(chat.buffer), 0 })
  M.go_to_draft(chat)
end

return M
