--- How text from outside looks on the screen: titles, model text, messages of the server.
---
--- Apart from the ghosts because messages need the same care.
---
--- Invariant: no control or direction-changing character reaches the screen as such
--- (test_control_characters_are_visible).
--- Invariant: no message makes the person press Enter, neither a long one nor several at once
--- (test_a_long_message_does_not_eat_the_next_key, test_many_messages_at_once_do_not_eat_the_next_key).

local M = {}

--- One line of text with every unprintable character made visible, as `^[` or `<202e>`.
---@param text string
---@return string
function M.visible(text)
  return vim.fn.strtrans((text:gsub('\t', '  ')))
end

--- Text broken at blanks into lines that fit. A longer word is broken where it must be.
---@param text string one line, already visible
---@param width integer in screen cells
---@return string[] lines at least one
function M.wrap(text, width)
  width = math.max(width, 8)
  local lines, line = {}, ''
  local function push()
    lines[#lines + 1] = line
    line = ''
  end
  for word in vim.gsplit(text, ' +', { trimempty = true }) do
    if line ~= '' and vim.fn.strdisplaywidth(line .. ' ' .. word) > width then
      push()
    end
    while vim.fn.strdisplaywidth(word) > width do
      local head = vim.fn.strcharpart(word, 0, 1, true)
      local taken = 1
      while vim.fn.strdisplaywidth(vim.fn.strcharpart(word, 0, taken + 1, true)) <= width do
        taken = taken + 1
        head = vim.fn.strcharpart(word, 0, taken, true)
      end
      line = head
      push()
      word = vim.fn.strcharpart(word, taken, vim.fn.strchars(word), true)
    end
    line = line == '' and word or line .. ' ' .. word
  end
  push()
  return lines
end

local highlights = { [vim.log.levels.ERROR] = 'ErrorMsg', [vim.log.levels.WARN] = 'WarningMsg' }

--- Takes the message that is on the screen off it. What is written below another one scrolls, and Neovim then
--- waits for Enter; after a redraw it stands in its place.
local function make_room()
  vim.cmd.redraw()
end

--- Keeps the whole line in `:messages` and shows as much of it as fits, so that no prompt eats the next key.
---@param line string
---@param level integer
local function echo_cut(line, level)
  make_room()
  local flags = vim.o.shortmess
  vim.opt.shortmess:append('T')
  vim.cmd.echohl(highlights[level] or 'None')
  vim.cmd(("echomsg '%s'"):format(line:gsub("'", "''")))
  vim.cmd.echohl('None')
  vim.o.shortmess = flags
end

--- A message that a person should be able to find again in `:messages`. Whoever types a command reads it
--- afterwards.
---@param text string
---@param level? integer of `vim.log.levels`
function M.tell(text, level)
  level = level or vim.log.levels.INFO
  if vim.fn.mode() == 'c' then
    vim.api.nvim_create_autocmd('CmdlineLeave', {
      once = true,
      callback = vim.schedule_wrap(function()
        M.tell(text, level)
      end),
    })
    return
  end
  local line = 'orchestrator: ' .. M.visible((text:gsub('%s*[\r\n]+%s*', ' ')))
  if vim.fn.strdisplaywidth(line) <= vim.v.echospace then
    make_room()
    vim.notify(line, level)
  else
    -- After what runs now: behind a typed command, messages scroll and are not cut.
    vim.schedule(function()
      echo_cut(line, level)
    end)
  end
end

---@type table<string, true>
local told = {}

--- A message that is worth telling once.
---@param text string
---@param level? integer
function M.tell_once(text, level)
  if not told[text] then
    told[text] = true
    M.tell(text, level)
  end
end

--- A passing remark: one line, cut to what fits, kept nowhere, never over what somebody types.
---@param text string
function M.say(text)
  local busy = vim.fn.mode() ~= 'n' or vim.o.cmdheight == 0
  if busy then
    return
  end
  local room = vim.v.echospace
  local line = M.visible('orchestrator: ' .. text)
  if vim.fn.strdisplaywidth(line) > room then
    line = M.wrap(line, math.max(room - 2, 8))[1] .. ' …'
  end
  make_room()
  vim.api.nvim_echo({ { line } }, false, {})
end

local levels = {
  vim.log.levels.ERROR,
  vim.log.levels.WARN,
  vim.log.levels.INFO,
  vim.log.levels.DEBUG,
  vim.log.levels.DEBUG,
}

--- Handler of `window/showMessage`: Neovim's own writes it below what stands there, however long it is.
---@type lsp.Handler
function M.on_message(_, params)
  M.tell(params.message, levels[params.type])
  return params
end

return M
