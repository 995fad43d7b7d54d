--- Another program's tasks, or an exported outline, as a new outline that is opened.

local display = require('orchestrator.display')

---@param buffer integer
---@param source string
---@param target string
---@param replace boolean
local function read(buffer, source, target, replace)
  target = vim.fs.abspath(vim.fs.normalize(target))
  local params = {
    source = vim.uri_from_fname(vim.fs.abspath(vim.fs.normalize(source))),
    to = vim.uri_from_fname(target),
    replace = replace,
  }
  require('orchestrator.server').request(buffer, 'orchestrator/import', params, function(result)
    vim.cmd.edit({ args = { target }, magic = { file = false, bar = false } })
    display.say(('%d tasks, from %s.'):format(result.tasks, display.visible(result.what)))
    for _, note in ipairs(result.notes) do
      display.tell(display.visible(note), vim.log.levels.WARN)
    end
  end)
end

---@param prompt string
---@param default string?
---@param done fun(path: string)
local function ask(prompt, default, done)
  vim.ui.input({ prompt = prompt, default = default, completion = 'file' }, function(answer)
    if answer and answer ~= '' then
      done(answer)
    end
  end)
end

---@type orchestrator.Subcommand
return {
  summary = "Make an outline of a list, or of another program's tasks",
  bang = true,
  complete = function()
    return vim.fn.getcompletion('', 'file')
  end,
  run = function(call)
    local buffer = require('orchestrator.place').here().buffer
    local source, target = call.arguments[1], call.arguments[2]
    local function with_source(path)
      local name = path:gsub('%.%w+$', '') .. '.tasks.md'
      if target then
        read(buffer, path, target, call.bang)
      else
        ask('The new outline: ', name, function(answer)
          read(buffer, path, answer, call.bang)
        end)
      end
    end
    if source then
      with_source(source)
    else
      ask('Import: ', nil, with_source)
    end
  end,
}
