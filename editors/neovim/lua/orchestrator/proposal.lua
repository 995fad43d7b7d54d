--- A proposal as an outline in a buffer of its own: change, reorder, delete, add, `:write`.
---
--- Writing changes the proposal, not the file; accepting writes the file.
---
--- Invariant: `parse(lines(children))` gives the same children (test_proposal_survives_the_edit_buffer).

local display = require('orchestrator.display')
local split = require('orchestrator.split')

local M = {}

--- The fields that a proposed task can have.
local field_keys = { 'dependsOn', 'mode', 'executor' }

---@class orchestrator.ProposalItem
---@field column integer where its marker stands
---@field content integer where its text starts
---@field body string[]
---@field task orchestrator.GhostTask

---@param line string
---@return integer? column
---@return string? marker
---@return string? title
local function item_in(line)
  local blanks, marker, title = line:match('^(%s*)([-*+])%s+%[[^%]]%]%s*(.*)$')
  if not blanks then
    blanks, marker, title = line:match('^(%s*)(%d+[.)])%s+%[[^%]]%]%s*(.*)$')
  end
  if blanks then
    return vim.fn.strdisplaywidth(blanks), marker, title
  end
end

--- Text of a model is text, whatever it looks like: a bracket that would make it an item or a field gets a
--- backslash, and one that has backslashes gets one more, so that `unescaped` can take exactly one away.
---@param line string
---@return string
local function escaped(line)
  local text = line:gsub('\\+%[', '\\%0')
  if item_in(text) then
    text = text:gsub('%[', '\\[', 1)
  end
  for _, key in ipairs(field_keys) do
    local field = '%[' .. key .. '::'
    text = text:gsub('^' .. field, '\\%0'):gsub('([^\\])(' .. field .. ')', '%1\\%2')
  end
  return text
end

---@param line string
---@return string
local function unescaped(line)
  return (line:gsub('\\(\\*%[)', '%1'))
end

--- The outline of a proposal.
---@param children orchestrator.GhostTask[]
---@param ordered boolean
---@return string[]
function M.lines(children, ordered)
  local lines = {} ---@type string[]
  ---@param siblings orchestrator.GhostTask[]
  ---@param numbered boolean
  ---@param indent string
  local function add(siblings, numbered, indent)
    for index, child in ipairs(siblings) do
      local marker = numbered and index .. '. ' or '- '
      local inner = indent .. (' '):rep(#marker)
      local after = vim.tbl_map(function(number)
        return tostring(number + 1)
      end, child.dependsOn or {})
      local fields = #after > 0 and ('  [dependsOn:: %s]'):format(table.concat(after, ', ')) or ''
      for _, key in ipairs({ 'mode', 'executor' }) do
        if (child[key] or '') ~= '' then
          fields = ('%s  [%s:: %s]'):format(fields, key, child[key])
        end
      end
      lines[#lines + 1] = indent .. marker .. '[ ] ' .. escaped(child.title) .. fields
      local function add_text(text)
        for line in vim.gsplit(text, '\r?\n') do
          lines[#lines + 1] = line == '' and '' or inner .. escaped(line)
        end
      end
      if (child.description or '') ~= '' then
        add_text(child.description)
      end
      if (child.acceptance or '') ~= '' then
        lines[#lines + 1] = ''
        add_text('Accept: ' .. child.acceptance)
      end
      add(child.children or {}, child.ordered or false, inner)
    end
  end
  add(children, ordered, '')
  return lines
end

---@param body string[]
---@return string
local function joined(body)
  return (table.concat(body, '\n'):gsub('^%s*\n', ''):gsub('%s+$', ''))
end

--- Divides what stands below a title into description and acceptance.
---@param item orchestrator.ProposalItem
local function close(item)
  local description, acceptance = {}, nil ---@type string[], string[]?
  for _, line in ipairs(item.body) do
    local first = not acceptance and line:match('^Accept:%s*(.*)$')
    if first then
      acceptance = { unescaped(first) }
    else
      table.insert(acceptance or description, unescaped(line))
    end
  end
  item.task.description = joined(description)
  item.task.acceptance = joined(acceptance or {})
end

---@param list string
---@param earlier integer how many siblings stand before
---@return integer[]? depends_on from 0; nil when a number is wrong
local function dependencies(list, earlier)
  local depends_on = {} ---@type integer[]
  for digits in list:gmatch('%d+') do
    local number = tonumber(digits) --[[@as integer]]
    if number < 1 or number > earlier then
      return nil
    end
    depends_on[#depends_on + 1] = number - 1
  end
  return depends_on
end

--- Takes the fields of a proposal from the end of a title.
---@param title string
---@return string title
---@return table<string, string> fields
local function fields_of(title)
  local fields = {} ---@type table<string, string>
  while true do
    local plain, key, value = title:match('^(.-)%s*%[(%a+)::%s*([^%[%]]-)%s*%]%s*$')
    local ours = plain and plain:sub(-1) ~= '\\' and vim.list_contains(field_keys, key)
    if not ours then
      return title, fields
    end
    title, fields[key] = plain, value
  end
end

--- Reads an outline back.
---@param lines string[]
---@return orchestrator.GhostTask[]? children
---@return boolean|string ordered or, without children, what is wrong
function M.parse(lines)
  local top = {} ---@type orchestrator.GhostTask[]
  local ordered = false
  local open = {} ---@type orchestrator.ProposalItem[] the innermost last
  local all = {} ---@type orchestrator.ProposalItem[]
  for number, line in ipairs(lines) do
    local column, marker, title = item_in(line)
    if column and marker and title then
      while #open > 0 and column <= open[#open].column do
        table.remove(open)
      end
      local parent = open[#open] and open[#open].task
      local siblings = parent and parent.children or top
      local plain, fields = fields_of(title)
      local depends_on = dependencies(fields.dependsOn or '', #siblings)
      if plain == '' then
        return nil, ('Line %d: a task needs a title.'):format(number)
      elseif not depends_on then
        return nil, ('Line %d: dependsOn takes numbers of tasks above it in the same list.'):format(number)
      elseif fields.mode and fields.mode ~= 'interactive' and fields.mode ~= 'auto' then
        return nil, ('Line %d: mode is interactive or auto.'):format(number)
      end
      local numbered = marker:match('%d') ~= nil
      if #siblings == 0 and parent then
        parent.ordered = numbered
      elseif #siblings == 0 then
        ordered = numbered
      end
      local task = {
        title = unescaped(plain),
        dependsOn = depends_on,
        mode = fields.mode or '',
        executor = fields.executor or '',
        ordered = false,
        children = {},
      }
      siblings[#siblings + 1] = task
      local item = { column = column, content = column + #marker + 1, body = {}, task = task }
      open[#open + 1], all[#all + 1] = item, item
    elseif line:find('%S') then
      local start = vim.fn.strdisplaywidth(line:match('^%s*'))
      while #open > 1 and start < open[#open].content do
        table.remove(open)
      end
      local item = open[#open]
      if not item then
        return nil, ('Line %d: text must stand below a task, as in "- [ ] title".'):format(number)
      end
      local text = line:gsub('\t', '    ')
      table.insert(item.body, text:sub(math.min(start, item.content) + 1))
    elseif #open > 0 then
      table.insert(open[#open].body, '')
    end
  end
  if #top == 0 then
    return nil, 'No task is left: :Orchestrator discard drops the proposal.'
  end
  vim.tbl_map(close, all)
  return top, ordered
end

---@param buffer integer
---@param run_id string
local function write(buffer, run_id)
  local children, ordered = M.parse(vim.api.nvim_buf_get_lines(buffer, 0, -1, false))
  local problem ---@type string?
  if not children then
    problem = ordered --[[@as string]]
  else
    problem = split.edit(run_id, children, ordered --[[@as boolean]])
  end
  if problem then
    -- Told from within the autocommand, it would be an error of the autocommand.
    vim.schedule(function()
      display.tell(problem, vim.log.levels.ERROR)
    end)
    return
  end
  vim.bo[buffer].modified = false
  display.say('The proposal is changed. :Orchestrator accept writes it into the outline.')
end

--- Opens the proposal at the cursor.
function M.open()
  local found, problem = split.find()
  if found and not (found.preview and found.preview.state == 'ready') then
    problem = 'The proposal is not complete yet.'
  elseif found and #(found.preview.changes or {}) > 0 then
    problem = 'A new plan is accepted, in parts (accept 1 3) if you like, or discarded.'
  end
  if not found or problem then
    display.tell(problem --[[@as string]], vim.log.levels.ERROR)
    return
  end
  local preview = assert(found.preview)
  local name = 'orchestrator://proposal/' .. found.run_id
  local known = vim.fn.bufnr(name)
  if known ~= -1 then
    vim.api.nvim_set_current_win(vim.fn.win_findbuf(known)[1]) -- It is wiped out with its last window.
    return
  end
  local buffer = vim.api.nvim_create_buf(false, false)
  vim.api.nvim_buf_set_name(buffer, name)
  vim.bo[buffer].buftype = 'acwrite'
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].swapfile = false
  vim.bo[buffer].undolevels = -1 -- What it starts with cannot be undone.
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, M.lines(preview.children, preview.ordered or false))
  vim.bo[buffer].undolevels = vim.go.undolevels
  vim.bo[buffer].modified = false
  vim.b[buffer].orchestrator_run = found.run_id
  found.proposal = buffer
  vim.api.nvim_create_autocmd('BufWriteCmd', {
    buffer = buffer,
    callback = function()
      write(buffer, found.run_id)
    end,
  })
  local window = vim.api.nvim_open_win(buffer, true, { split = 'below', win = 0 })
  local title = display.visible(preview.title):gsub('%%', '%%%%')
  vim.wo[window].winbar = ('Proposal for "%s": :w keeps your changes'):format(title)
  vim.bo[buffer].filetype = 'markdown'
end

return M
