--- The runs of an outline: choose one, then what to do with it.

local states = {
  running = '●',
  completed = '✓',
  paused = '‖',
  cancelled = '-',
  failed = '!',
}

---@param run orchestrator.RunInfo
---@return string
local function described(run)
  local display = require('orchestrator.display')
  local parts = { states[run.state] or ' ', os.date('%Y-%m-%d %H:%M', math.floor(run.started)), run.state }
  if type(run.total) == 'number' then
    parts[#parts + 1] = ('%d/%d'):format(run.done, run.total)
  end
  if type(run.costUsd) == 'number' and run.costUsd > 0 then
    parts[#parts + 1] = ('$%.2f'):format(run.costUsd)
  end
  parts[#parts + 1] = display.visible(run.title)
  if run.reason ~= '' and run.reason ~= 'user' then
    parts[#parts + 1] = ('(%s)'):format(display.visible(run.reason))
  end
  return table.concat(parts, ' ')
end

---@param buffer integer
---@param run orchestrator.RunInfo
local function act(buffer, run)
  local server = require('orchestrator.server')
  local actions = {} ---@type { name: string, method: string, params: table }[]
  local function offer(name, method, params)
    actions[#actions + 1] = { name = name, method = method, params = params }
  end
  if run.state == 'running' then
    offer('Stop it', 'orchestrator/run/stop', { runId = run.runId })
  elseif run.resumable then
    offer('Resume it', 'orchestrator/run/resume', { runId = run.runId })
    offer('Mark it as failed', 'orchestrator/run/resume', { runId = run.runId, giveUp = true })
  end
  if #actions == 0 then
    require('orchestrator.display').say(('that run is over: %s.'):format(run.state))
    return
  end
  vim.ui.select(actions, {
    prompt = described(run),
    format_item = function(action)
      return action.name
    end,
  }, function(action)
    if action then
      server.request(buffer, action.method, action.params)
    end
  end)
end

---@type orchestrator.Subcommand
return {
  summary = 'Choose a run of this outline, to stop it or go on with it',
  run = function()
    local server = require('orchestrator.server')
    local buffer = require('orchestrator.place').here().buffer
    local params = { uri = vim.uri_from_bufnr(buffer), limit = 100 }
    server.request(buffer, 'orchestrator/run/list', params, function(result)
      if #result.runs == 0 then
        require('orchestrator.display').say('nothing of this outline was run yet.')
        return
      end
      vim.ui.select(
        result.runs,
        { prompt = 'Runs', format_item = described, kind = 'orchestrator.run' },
        function(run)
          if run then
            act(buffer, run)
          end
        end
      )
    end)
  end,
}
