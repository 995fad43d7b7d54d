--- Searches what was said and done, and goes there.

---@param hit table
local function go(hit)
  if type(hit.conversationId) == 'string' then
    require('orchestrator.chat').open({ conversationId = hit.conversationId })
    return
  end
  if type(hit.line) ~= 'number' then
    require('orchestrator.display').say('that task is gone from its outline.')
    return
  end
  vim.cmd("normal! m'")
  vim.cmd.edit({
    args = { vim.fn.fnameescape(vim.uri_to_fname(hit.uri)) },
    magic = { file = false, bar = false },
  })
  vim.api.nvim_win_set_cursor(0, { math.min(hit.line + 1, vim.api.nvim_buf_line_count(0)), 0 })
end

---@param query string
---@param meaning boolean
local function search(query, meaning)
  local display = require('orchestrator.display')
  local buffer = require('orchestrator.place').here().buffer
  local params = { query = query, by = meaning and 'meaning' or 'words', limit = 100 }
  require('orchestrator.server').request(buffer, 'orchestrator/history/search', params, function(result)
    if #result.hits == 0 then
      display.say(('nothing was found for "%s".'):format(query))
      return
    end
    vim.ui.select(result.hits, {
      prompt = ('History: %s'):format(query),
      kind = 'orchestrator.history',
      format_item = function(hit)
        local day = os.date('%Y-%m-%d', math.floor(hit.created))
        return ('%s %s: %s'):format(day, display.visible(hit.title), display.visible(hit.excerpt))
      end,
    }, function(hit)
      if hit then
        go(hit)
      end
    end)
  end)
end

---@type orchestrator.Subcommand
return {
  summary = 'Search what was said and done, by words; with ! by meaning',
  bang = true,
  complete = function()
    return {}
  end,
  run = function(call)
    local query = table.concat(call.arguments, ' ')
    if query ~= '' then
      search(query, call.bang)
      return
    end
    vim.ui.input({ prompt = 'Search the history: ' }, function(words)
      if words and words:find('%S') then
        search(words, call.bang)
      end
    end)
  end,
}
