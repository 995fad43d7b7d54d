--- Which task a command means: that at the cursor of an outline, in the row of its tree, or that of a chat.
---
--- Apart from the commands so that each of them works in both windows.
---
--- Invariant: a command typed in the tree does what it does in the outline
--- (test_every_action_works_in_the_tree).

local server = require('orchestrator.server')

local M = {}

---@class orchestrator.Place
---@field buffer integer the outline
---@field node_id? string the task, in a tree
---@field line? integer the task's line from 1, in an outline
---@field column? integer bytes before the cursor, in an outline

--- The place that a command means.
---@param line? integer a line from 1 other than the cursor's
---@return orchestrator.Place
function M.here(line)
  local buffer = vim.api.nvim_get_current_buf()
  local outline = vim.b[buffer].orchestrator_tree_of
  local cursor = vim.api.nvim_win_get_cursor(0)
  if outline then
    local node_id = require('orchestrator.tree').node_id(buffer, line or cursor[1])
    return { buffer = outline, node_id = node_id }
  end
  if vim.b[buffer].orchestrator_chat then
    return require('orchestrator.chat').place(buffer)
  end
  return { buffer = buffer, line = line or cursor[1], column = cursor[2] }
end

---@class orchestrator.PlaceRange
---@field uri string
---@field nodeIds? string[] in a tree
---@field range? lsp.Range in an outline
---@field version? integer

--- Several lines as a request names them: by rows in a tree, by positions in an outline.
---@param first integer from 1
---@param last integer
---@return orchestrator.PlaceRange? params nil: nothing there
---@return integer buffer
function M.range(first, last)
  local buffer = vim.api.nvim_get_current_buf()
  local outline = vim.b[buffer].orchestrator_tree_of
  if outline then
    local ids = require('orchestrator.tree').node_ids(buffer, first, last)
    return #ids > 0 and { uri = vim.uri_from_bufnr(outline), nodeIds = ids } or nil, outline
  end
  return {
    uri = vim.uri_from_bufnr(buffer),
    version = vim.lsp.util.buf_versions[buffer],
    range = {
      start = { line = first - 1, character = 0 },
      -- A selection that ends before the first character of a line would be without that line.
      ['end'] = { line = last - 1, character = last > first and 1 or 0 },
    },
  },
    buffer
end

--- The place as a request names it. Without a task in a row of the tree all of the outline is meant.
---@param place orchestrator.Place
---@return { uri: string, version?: integer, nodeId?: string, position?: lsp.Position }
function M.params(place)
  local uri = vim.uri_from_bufnr(place.buffer)
  if not place.line then
    return { uri = uri, nodeId = place.node_id }
  end
  local client = server.client(place.buffer)
  local encoding = client and client.offset_encoding or 'utf-16'
  local row = place.line - 1
  local line = vim.api.nvim_buf_get_lines(place.buffer, row, row + 1, false)[1] or ''
  local character = vim.str_utfindex(line, encoding, math.min(place.column, #line))
  local version = vim.lsp.util.buf_versions[place.buffer]
  return { uri = uri, version = version, position = { line = row, character = character } }
end

return M
