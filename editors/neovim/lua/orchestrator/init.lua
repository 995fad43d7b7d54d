--- What other plugins and a status line may call.
---
--- Apart from the rest so that `require('orchestrator')` costs nothing: everything is loaded when it is used.

local M = {}

--- How runs stand, for a status line: `● 3/7 ? 2`, tasks done of all, and questions that wait; often empty.
---@return string
function M.statusline()
  local runs = package.loaded['orchestrator.runs']
  local inbox = package.loaded['orchestrator.inbox']
  local parts = {} ---@type string[]
  local counts = runs and runs.counts()
  if counts and counts.runs > 0 then
    parts[#parts + 1] = ('● %d/%d'):format(counts.done, counts.total)
  end
  local waiting = inbox and inbox.count() or 0
  if waiting > 0 then
    parts[#parts + 1] = ('? %d'):format(waiting)
  end
  return table.concat(parts, ' ')
end

return M
