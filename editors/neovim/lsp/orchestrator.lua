--- What `vim.lsp.enable('orchestrator')` starts.
---
--- Neovim reads this file at the first buffer of any file type, so it loads nothing: every function
--- requires what it needs when it is called. Everything here may be changed with
--- `vim.lsp.config('orchestrator', { … })`.
---
--- Invariant: enabling the server loads no module of the plugin before a Markdown buffer is opened
--- (test_nothing_is_loaded_before_it_is_needed).

---@param name string of a function in orchestrator.split
---@return fun(...): any
local function split(name)
  return function(...)
    return require('orchestrator.split')[name](...)
  end
end

---@type vim.lsp.Config
return {
  filetypes = { 'markdown' },
  root_markers = { '.orchestrator.toml', '.git', '.hg', '.jj' },
  root_dir = function(buffer, on_dir)
    require('orchestrator.server').root(buffer, on_dir)
  end,
  cmd = function(dispatchers, config)
    return require('orchestrator.server').launch(dispatchers, config)
  end,
  capabilities = {
    experimental = { orchestrator = { ghosts = true, tree = true, inbox = true, chat = true } },
  },
  settings = {},
  before_init = function(params, config)
    require('orchestrator.server').configure(params, config)
  end,
  on_init = function(client)
    require('orchestrator.server').on_start(client)
  end,
  on_exit = function(code, signal, client_id)
    require('orchestrator.server').on_exit(code, signal, client_id)
  end,
  handlers = {
    ['orchestrator/split/preview'] = function(...)
      require('orchestrator.splits').on_preview(...)
    end,
    ['orchestrator/run/update'] = function(...)
      require('orchestrator.runs').on_update(...)
    end,
    ['orchestrator/approval/changed'] = function(...)
      require('orchestrator.inbox').on_changed(...)
    end,
    ['orchestrator/chat/update'] = function(...)
      require('orchestrator.chat.stream').on_update(...)
    end,
    ['orchestrator/treeChanged'] = function(...)
      require('orchestrator.tree').on_tree_changed(...)
    end,
    ['window/showMessage'] = function(...)
      return require('orchestrator.display').on_message(...)
    end,
    ['workspace/applyEdit'] = function(...)
      return require('orchestrator.apply').on_apply_edit(...)
    end,
  },
  -- Code actions and lenses go through the windows' own functions, so that they show ghosts too.
  commands = {
    ['orchestrator.server.chat.open'] = function(command)
      require('orchestrator.chat').open(command.arguments[1])
    end,
    ['orchestrator.server.split.start'] = split('on_start_command'),
    ['orchestrator.server.split.accept'] = split('on_accept_command'),
    ['orchestrator.server.split.discard'] = split('on_discard_command'),
    ['orchestrator.server.run.stop'] = split('on_stop_command'),
  },
}
