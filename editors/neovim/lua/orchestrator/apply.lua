--- Writing the server's edits into a buffer.
---
--- Neovim's own handler says "applied" when the buffer was newer than the edit and nothing was written, joins
--- the edit to whatever is being typed, and prints a message for each. Here an edit that does not fit is
--- refused with its reason, and one that fits is exactly one undo step.
---
--- Invariant: one `u` takes back a split, and nothing but the split (test_one_undo_takes_back_the_split).
--- Invariant: an edit for another version of the text is refused (test_edit_for_another_version_is_refused).

local M = {}

--- Ends the current undo step, so that what follows is a step of its own.
---@param buffer integer
local function break_undo(buffer)
  vim.bo[buffer].undolevels = vim.bo[buffer].undolevels
end

--- Makes a change that is a step of undo of its own.
---@param buffer integer
---@param change fun()
function M.as_one_step(buffer, change)
  break_undo(buffer)
  change()
  break_undo(buffer)
end

--- The same edits, with whole lines inserted behind the line above instead of before the line below.
---
--- At the start of a line, marks and cursors of that line would stay behind, and below the last line Neovim
--- adds a blank line of its own.
---@param buffer integer
---@param edits lsp.TextEdit[]
---@param encoding 'utf-8'|'utf-16'|'utf-32'
---@return lsp.TextEdit[]
local function behind_the_line_above(buffer, edits, encoding)
  local sorted = vim.deepcopy(edits)
  for index, edit in ipairs(sorted) do
    edit.index = index
  end
  -- Moved edits may meet at one place, where their order decides.
  table.sort(sorted, function(one, other)
    local a, b = one.range.start, other.range.start
    if a.line ~= b.line then
      return a.line < b.line
    elseif a.character ~= b.character then
      return a.character < b.character
    end
    return one.index < other.index
  end)
  local count = vim.api.nvim_buf_line_count(buffer)
  for _, edit in ipairs(sorted) do
    local start, text = edit.range.start, edit.newText:gsub('\r\n?', '\n')
    local inserts_lines = vim.deep_equal(start, edit.range['end'])
      and start.character == 0
      and text:sub(-1) == '\n'
    if inserts_lines and start.line > 0 then
      local above = math.min(start.line, count) - 1
      local line = vim.api.nvim_buf_get_lines(buffer, above, above + 1, false)[1]
      local at = { line = above, character = vim.str_utfindex(line, encoding) }
      edit.range = { start = at, ['end'] = vim.deepcopy(at) }
      edit.newText = '\n' .. text:sub(1, -2)
    end
  end
  return sorted
end

--- Why these edits must not be made, or nil.
---@param buffer integer
---@param version? integer
---@return string?
local function objection(buffer, version)
  if not vim.api.nvim_buf_is_loaded(buffer) then
    return 'The buffer is not loaded any more.'
  end
  if not vim.bo[buffer].modifiable then
    return "The buffer is not 'modifiable'."
  end
  if version and version ~= vim.lsp.util.buf_versions[buffer] then
    return 'The text was changed meanwhile.'
  end
end

---@param changes lsp.WorkspaceEdit
---@return lsp.TextDocumentEdit[]? documents
---@return string? problem
local function documents(changes)
  local result = {} ---@type lsp.TextDocumentEdit[]
  for _, change in ipairs(changes.documentChanges or {}) do
    if change.kind then
      return nil, ('This plugin does not %s files.'):format(change.kind)
    end
    result[#result + 1] = change
  end
  for uri, edits in pairs(not changes.documentChanges and changes.changes or {}) do
    result[#result + 1] = { textDocument = { uri = uri }, edits = edits }
  end
  return result
end

--- Handler of `workspace/applyEdit`.
---@type lsp.Handler
function M.on_apply_edit(_, params, context)
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  local changes, problem = documents(params.edit)
  if not changes then
    return { applied = false, failureReason = problem }
  end
  -- First look at all, then write all: an edit is made completely or not at all.
  for _, change in ipairs(changes) do
    local version = change.textDocument.version
    problem = objection(vim.uri_to_bufnr(change.textDocument.uri), version ~= vim.NIL and version or nil)
    if problem then
      -- Any notification sends the pending changes first, so that the server can compute the edit anew.
      client:notify('$/setTrace', { value = 'off' })
      return { applied = false, failureReason = problem }
    end
  end
  for _, change in ipairs(changes) do
    local buffer = vim.uri_to_bufnr(change.textDocument.uri)
    local edits = behind_the_line_above(buffer, change.edits, client.offset_encoding)
    M.as_one_step(buffer, function()
      vim.lsp.util.apply_text_edits(edits, buffer, client.offset_encoding)
    end)
  end
  return { applied = true }
end

return M
