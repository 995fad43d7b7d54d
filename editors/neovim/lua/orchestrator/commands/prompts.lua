--- The prompts that models get: choose one to edit it. A sound text that is written is in use from then on.

---@param name string
local function report(name)
  local display = require('orchestrator.display')
  require('orchestrator.program').run({ 'prompts', '--json', 'list' }, function(output)
    for _, prompt in ipairs(vim.json.decode(output).prompts) do
      if prompt.name == name and #prompt.problems > 0 then
        local problem = prompt.problems[1]
        local text = type(problem) == 'table' and problem.message or tostring(problem)
        display.tell(('The prompt "%s" is not in use: %s'):format(name, text), vim.log.levels.WARN)
      elseif prompt.name == name then
        display.say(('the prompt "%s" is in use as you wrote it (%s).'):format(name, prompt.version))
      end
    end
  end)
end

---@param name string
local function edit(name)
  require('orchestrator.program').run({ 'prompts', '--json', 'edit', name, '--path' }, function(output)
    local path = vim.json.decode(output).path
    vim.cmd.split({ args = { vim.fn.fnameescape(path) }, magic = { file = false, bar = false } })
    vim.api.nvim_create_autocmd('BufWritePost', {
      buffer = 0,
      group = vim.api.nvim_create_augroup('orchestrator.prompt.' .. name, {}),
      callback = function()
        report(name)
      end,
    })
  end)
end

---@type orchestrator.Subcommand
return {
  summary = 'Choose a prompt and edit it',
  complete = function()
    return {}
  end,
  run = function(call)
    if call.arguments[1] then
      edit(call.arguments[1])
      return
    end
    require('orchestrator.program').run({ 'prompts', '--json', 'list' }, function(output)
      vim.ui.select(vim.json.decode(output).prompts, {
        prompt = 'Prompts',
        kind = 'orchestrator.prompt',
        format_item = function(prompt)
          return ('%s  (%s, %s)'):format(prompt.name, prompt.role, prompt.origin)
        end,
      }, function(prompt)
        if prompt then
          edit(prompt.name)
        end
      end)
    end)
  end,
}
