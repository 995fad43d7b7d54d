--- What is done with a task and all that stands below it: deleting it, and moving it into another task.
---
--- Apart from `edits`, which the server computes from lines: here it only says where a branch begins and
--- ends, or where it shall go.
---
--- Invariant: what is deleted is in the register, and one `u` brings it back (test_branches_are_deleted).

local display = require('orchestrator.display')
local place = require('orchestrator.place')
local server = require('orchestrator.server')

local M = {}

--- How long the server may take to say where something is, in milliseconds.
local answer_time = 5000

---@param text string
local function complain(text)
  display.tell(text, vim.log.levels.ERROR)
end

--- Asks and waits; a refusal is told.
---@param buffer integer the outline
---@param method string
---@param params table
---@return table? result
local function ask(buffer, method, params)
  local client, problem = server.client(buffer)
  if not client then
    complain(problem --[[@as string]])
    return
  end
  local answer, failure = client:request_sync(method, params, answer_time, buffer)
  if not answer then
    complain(('The server did not answer (%s). :Orchestrator log may say why.'):format(failure))
  elseif answer.err then
    complain(answer.err.message)
  else
    return answer.result
  end
end

---@param buffer integer
---@param row integer from 0
---@return boolean
local function is_task(buffer, row)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
  return line:find('^%s*[-*+]%s+%[.%]') ~= nil or line:find('^%s*%d+[.)]%s+%[.%]') ~= nil
end

---@class orchestrator.Rows
---@field first integer from 0
---@field last integer

--- The branches of the tasks in these lines of an outline or a tree, without those inside of another.
---@param lines orchestrator.Lines
---@return orchestrator.Rows[] branches from top to bottom
---@return integer outline
local function branches_in(lines)
  local current = vim.api.nvim_get_current_buf()
  local outline = place.here(lines.first).buffer
  local uri = vim.uri_from_bufnr(outline)
  local found = {} ---@type orchestrator.Rows[]
  for number = lines.first, lines.last do
    local here = place.here(number)
    local covered = found[#found] and here.line and here.line - 1 <= found[#found].last
    if not covered and (here.node_id or (here.line and is_task(current, number - 1))) then
      local at = here.line and { line = number - 1, character = 0 } or nil
      local params = { uri = uri, nodeId = here.node_id, position = at }
      local located = ask(outline, 'orchestrator/tree/locate', params)
      if not located then
        return {}, outline
      end
      local start, stop = located.range.start.line, located.range['end']
      local last = stop.character == 0 and math.max(stop.line - 1, start) or stop.line
      if is_task(outline, start) and not (found[#found] and start <= found[#found].last) then
        found[#found + 1] = { first = start, last = last }
      end
    end
  end
  return found, outline
end

--- Deletes tasks with all that stands below them.
---@param lines orchestrator.Lines
---@param register? string
function M.delete(lines, register)
  register = register or vim.v.register
  local branches, outline = branches_in(lines)
  if #branches == 0 then
    complain('There is no task here. Put the cursor on a task, or select some.')
    return
  elseif not vim.bo[outline].modifiable then
    complain("The buffer is not 'modifiable'.")
    return
  end
  local gone = vim.b.orchestrator_tree_of
      and require('orchestrator.tree').node_ids(vim.api.nvim_get_current_buf(), lines.first, lines.last)
    or {}
  local removed = {} ---@type string[]
  for _, branch in ipairs(branches) do
    vim.list_extend(removed, vim.api.nvim_buf_get_lines(outline, branch.first, branch.last + 1, false))
  end
  require('orchestrator.apply').as_one_step(outline, function()
    for index = #branches, 1, -1 do
      vim.api.nvim_buf_set_lines(outline, branches[index].first, branches[index].last + 1, false, {})
    end
  end)
  vim.fn.setreg(register, removed, 'l')
  if vim.b.orchestrator_tree_of then
    require('orchestrator.tree').wait_without(vim.api.nvim_get_current_buf(), gone)
  end
  local one = #branches == 1
  local tasks = one and '1 task deleted; u brings it back'
    or ('%d tasks deleted; u brings them back'):format(#branches)
  display.say(('%s, p puts.'):format(tasks))
end

---@class orchestrator.Target
---@field title string
---@field depth integer
---@field at lsp.Position

--- Where a branch can go: all tasks and sections but those in it.
---@param symbols lsp.DocumentSymbol[]
---@param branch orchestrator.Rows
---@return orchestrator.Target[]
local function targets(symbols, branch)
  local found = {} ---@type orchestrator.Target[]
  local function add(list, depth)
    for _, symbol in ipairs(list) do
      local line = symbol.selectionRange.start.line
      if line < branch.first or line > branch.last then
        found[#found + 1] = { title = symbol.name, depth = depth, at = symbol.selectionRange.start }
        add(symbol.children or {}, depth + 1)
      end
    end
  end
  add(symbols, 0)
  return found
end

--- Moves a task into another task or a section, which the person chooses.
---@param line integer
function M.into(line)
  local here = place.here(line)
  local branches, outline = branches_in({ first = line, last = line })
  if not branches[1] then
    complain('There is no task here. Put the cursor on a task.')
    return
  end
  local uri = vim.uri_from_bufnr(outline)
  local at = here.node_id and { nodeId = here.node_id }
    or { position = { line = branches[1].first, character = 0 } }
  local task = ask(outline, 'orchestrator/tree/locate', vim.tbl_extend('error', { uri = uri }, at))
  local params = { textDocument = { uri = uri } }
  local symbols = task and ask(outline, 'textDocument/documentSymbol', params)
  if not task or not symbols then
    return
  end
  vim.ui.select(targets(symbols, branches[1]), {
    prompt = 'Move into',
    kind = 'orchestrator.task',
    format_item = function(target)
      return ('  '):rep(target.depth) .. display.visible(target.title)
    end,
  }, function(target)
    local parent = target and ask(outline, 'orchestrator/tree/locate', { uri = uri, position = target.at })
    if parent then
      local move = { uri = uri, nodeId = task.nodeId, parentId = parent.nodeId }
      server.request(outline, 'orchestrator/edit/into', move)
    end
  end)
end

return M
