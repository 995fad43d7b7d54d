--- Code lenses of a large outline: only those near what is seen.
---
--- Neovim asks for the lenses of all of a file, draws all of them at once, and looks at every one of these
--- marks again at each key that is typed where diagnostics are shown. In 10,000 tasks that is half of what
--- a key costs. So what is far from every window is left out of the answer, until lenses are asked for there.
---
--- Invariant: the lenses of the lines that are seen are there (test_lenses_of_a_large_outline).

local M = {}

--- So many are drawn without a look.
local few = 1000

--- Lines above and below a window whose lenses are drawn too.
local around = 300

--- Which lenses are drawn.
---@param uri string
---@param lenses lsp.CodeLens[]
---@return lsp.CodeLens[]
function M.near(uri, lenses)
  if #lenses <= few then
    return lenses
  end
  local seen = { { 0, 2 * around } } ---@type [integer, integer][] for when it is shown the next time
  for _, window in ipairs(vim.fn.win_findbuf(vim.uri_to_bufnr(uri))) do
    seen[#seen + 1] = { vim.fn.line('w0', window) - around, vim.fn.line('w$', window) + around }
  end
  return vim.tbl_filter(function(lens)
    local line = lens.range.start.line + 1
    for _, lines in ipairs(seen) do
      if lines[1] <= line and line <= lines[2] then
        return true
      end
    end
    return false
  end, lenses)
end

return M
