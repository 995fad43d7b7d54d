--- Editing tasks without a model: status, promote, demote, up and down; by command or map, in an outline or
--- in its tree.
---
--- The server computes each edit from the newest text and this waits for it, so that keys that are
--- held down, macros and what is typed next all find the text as it then is. Each is one undo step,
--- and the cursor goes along.
---
--- Invariant: one `u` takes back an edit (test_one_undo_takes_back_each_edit).
--- Invariant: `.` does the last one again (test_dot_repeats).

local display = require('orchestrator.display')
local place = require('orchestrator.place')
local server = require('orchestrator.server')

local M = {}

--- How long an edit may take, in milliseconds: parsing a very large file for the first time takes seconds.
local answer_time = 10000

---@class orchestrator.Lines
---@field first integer from 1
---@field last integer

---@class orchestrator.Edit
---@field method string
---@field params? table beside the tasks
---@field follows? boolean the cursor goes where the task goes

---@type fun() what `.` does
local again = function() end

---@param row integer from 1
---@return integer bytes of blanks before the line's text
local function indent_of(row)
  return #(vim.fn.getline(row):match('^%s*'))
end

---@param moved integer lines
---@param cursor integer[] as it was
---@param indent integer of the cursor's line, as it was
local function follow(moved, cursor, indent)
  local row = math.max(1, math.min(cursor[1] + moved, vim.api.nvim_buf_line_count(0)))
  local column = math.max(0, cursor[2] + indent_of(row) - indent)
  vim.api.nvim_win_set_cursor(0, { row, math.min(column, #vim.fn.getline(row)) })
end

--- Has the server edit the tasks in these lines of the current buffer: an outline, its tree, or a chat.
---@param edit orchestrator.Edit
---@param lines orchestrator.Lines
function M.run(edit, lines)
  local buffer = vim.api.nvim_get_current_buf()
  local here = place.here(lines.first)
  if not here.line then -- The text is in another window, and its cursor is its own.
    local tree = vim.b[buffer].orchestrator_tree_of
    local params = tree and place.range(lines.first, lines.last) or here.node_id and place.params(here)
    if params then
      server.request(here.buffer, edit.method, vim.tbl_extend('force', edit.params or {}, params))
    end
    return
  end
  local later = function()
    if vim.api.nvim_get_current_buf() == buffer then
      M.run(edit, lines)
    end
  end
  if server.when_started(buffer, later) then
    display.say('the server is starting…')
    return
  end
  local client, problem = server.client(buffer)
  if not client then
    display.tell(problem --[[@as string]], vim.log.levels.ERROR)
    return
  end
  local params = vim.tbl_extend('force', edit.params or {}, (place.range(lines.first, lines.last)))
  params.version = nil -- What was typed a moment ago is sent before it.
  local cursor = vim.api.nvim_win_get_cursor(0)
  local indent = indent_of(cursor[1])
  local answer, failure = client:request_sync(edit.method, params, answer_time, buffer)
  if not answer then
    display.tell(
      ('The server did not answer (%s). :Orchestrator log may say why.'):format(failure),
      vim.log.levels.ERROR
    )
  elseif answer.err then
    display.tell(answer.err.message, vim.log.levels.ERROR)
  elseif answer.result and edit.follows and vim.api.nvim_get_current_buf() == buffer then
    follow(answer.result.moved or 0, cursor, indent)
  end
end

--- Which lines a command means.
---@param call orchestrator.Call
---@return orchestrator.Lines
function M.lines_of(call)
  local row = vim.api.nvim_win_get_cursor(0)[1]
  return { first = call.line or row, last = call.last_line or call.line or row }
end

---@type table<string, fun(count: integer): orchestrator.Edit>
local edits = {
  ['status'] = function()
    return { method = 'orchestrator/edit/status/cycle' }
  end,
  ['promote'] = function()
    return { method = 'orchestrator/edit/promote', follows = true }
  end,
  ['demote'] = function()
    return { method = 'orchestrator/edit/demote', follows = true }
  end,
  ['up'] = function(count)
    return { method = 'orchestrator/edit/move', params = { steps = -count }, follows = true }
  end,
  ['down'] = function(count)
    return { method = 'orchestrator/edit/move', params = { steps = count }, follows = true }
  end,
}

--- What an editing map does with lines.
---@param name string
---@param count integer
---@param register string
---@return fun(lines: orchestrator.Lines)
local function action(name, count, register)
  return function(lines)
    if name == 'delete' then
      require('orchestrator.branches').delete(lines, register)
    else
      M.run(edits[name](count), lines)
    end
  end
end

--- Counts steps for `up` and `down`; for the others so many lines, as Vim's own operators count.
---@param name string
---@param count integer
---@param register string
---@return fun() what the map does, at the cursor as it is then
local function at_cursor(name, count, register)
  local steps = name == 'up' or name == 'down'
  local act = action(name, count, register)
  return function()
    local row = vim.api.nvim_win_get_cursor(0)[1]
    local last = steps and row or math.min(row + count - 1, vim.api.nvim_buf_line_count(0))
    act({ first = row, last = last })
  end
end

--- The edit of a command.
---@param name string
---@param count? integer steps of `up` and `down`
---@return orchestrator.Edit
function M.named(name, count)
  return edits[name](count or 1)
end

--- The subcommand that moves tasks: `up` or `down`, by one place or by so many.
---@param name 'up'|'down'
---@return orchestrator.Subcommand
function M.move_command(name)
  return {
    summary = ('Move the task %s with all below it; a number says how far'):format(name),
    complete = function()
      return {}
    end,
    run = function(call)
      local steps = tonumber(call.arguments[1] or '1', 10)
      if #call.arguments > 1 or not steps or steps < 1 or steps > 1000 then
        display.tell(name .. ' takes one number from 1 to 1000.', vim.log.levels.ERROR)
        return
      end
      M.run(edits[name](steps), M.lines_of(call))
    end,
  }
end

--- The subcommand of an edit that takes no arguments.
---@param name string
---@param summary string
---@return orchestrator.Subcommand
function M.command(name, summary)
  return {
    summary = summary,
    run = function(call)
      M.run(edits[name](1), M.lines_of(call))
    end,
  }
end

--- What a Normal mode map types, so that `.` does it again.
---@param name string
---@return string keys
function M.keys(name)
  again = at_cursor(name, vim.v.count1, vim.v.register)
  vim.go.operatorfunc = "v:lua.require'orchestrator.edits'.again"
  -- Escape drops the count, which is taken already; no motion can fail on an empty line but this one.
  return vim.fn.getline('.') == '' and "<Esc><Cmd>lua require('orchestrator.edits').again()<CR>" or '<Esc>g@l'
end

--- Does the last edit again, for `.`, at the cursor as it is then.
function M.again()
  again()
end

--- What a Visual mode map does.
---@param name string
function M.selected(name)
  local first, last = vim.fn.line('v'), vim.fn.line('.')
  local act = action(name, vim.v.count1, vim.v.register)
  vim.cmd.normal({ args = { vim.keycode('<Esc>') }, bang = true })
  act({ first = math.min(first, last), last = math.max(first, last) })
end

return M
