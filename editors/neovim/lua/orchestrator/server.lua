--- Finding, starting and losing the language server.
---
--- Apart from the splits because it knows processes and folders, and nothing of tasks.
---
--- Invariant: no program from inside the workspace is started unless its absolute path was configured
--- (test_a_server_inside_the_workspace_is_not_started).
--- Invariant: the server's working directory is outside the workspace (test_working_directory_is_outside).

local display = require('orchestrator.display')
local options = require('orchestrator.options')

local M = {}

M.name = 'orchestrator'

--- Version of `orchestrator/*` that this plugin speaks; the server announces its own at `initialize`.
M.protocol = 1

--- Buffers whose server was asked for and is not attached yet, with their workspace folders.
---@type table<integer, string>
local starting = {}

---@param root? string
local function give_up(root)
  for buffer, folder in pairs(starting) do
    if folder == root then
      starting[buffer] = nil
    end
  end
end

---@param path string
---@return string? real without links; nil if there is no such file
local function real(path)
  return vim.uv.fs_realpath(path)
end

---@param path string
---@param folder string
---@return boolean
local function is_inside(path, folder)
  return vim.fs.relpath(folder, path) ~= nil
end

---@param path string
---@param folder? string
---@return boolean # whether the file or what it links to is in the folder
local function belongs_to(path, folder)
  if not folder then
    return false
  end
  local resolved, resolved_folder = real(path) or path, real(folder) or folder
  return is_inside(vim.fs.normalize(path), vim.fs.normalize(folder)) or is_inside(resolved, resolved_folder)
end

--- The absolute path of a program.
---@param program string a name, or a path
---@param workspace? string folder whose programs are not to be used
---@return string? path
---@return string? problem what is wrong and what to do, when there is no path
function M.find(program, workspace)
  if program:find('[/\\]') then
    local path = vim.fn.expand(program)
    if vim.fn.isabsolutepath(path) == 0 then
      return nil, ('%s is a relative path: give an absolute one in vim.g.orchestrator.cmd.'):format(program)
    end
    if vim.fn.executable(path) == 0 then
      return nil, ('%s is not an executable file: correct vim.g.orchestrator.cmd.'):format(path)
    end
    return path
  end
  local separator = vim.fn.has('win32') == 1 and ';' or ':'
  local refused ---@type string?
  for _, folder in ipairs(vim.split(vim.env.PATH or '', separator, { plain = true, trimempty = true })) do
    -- A relative entry of $PATH means another program in every folder.
    local candidate = vim.fn.isabsolutepath(folder) == 1 and vim.fn.exepath(vim.fs.joinpath(folder, program))
    if candidate and candidate ~= '' then
      if not belongs_to(candidate, workspace) then
        return candidate
      end
      refused = refused or candidate
    end
  end
  if refused then
    return nil,
      ('%s is inside the workspace, and programs of a workspace are not started by themselves. '):format(
        refused
      ) .. ("If it is yours: vim.g.orchestrator = { cmd = { '%s', 'serve' } }."):format(refused)
  end
  return nil,
    ('The program %s is not in $PATH. Install it with `pipx install "orchestrator-ls[local]"`, '):format(
      program
    ) .. 'or give its absolute path in vim.g.orchestrator.cmd.'
end

--- A folder to start the server in: no file of a workspace may be found through the working directory.
---@param workspace? string
---@return string
function M.working_directory(workspace)
  local state = vim.fn.stdpath('state') --[[@as string]]
  if vim.fn.isdirectory(state) == 1 and not belongs_to(state, workspace) then
    return state
  end
  return vim.fn.has('win32') == 1 and (vim.env.SystemDrive or 'C:') .. '\\' or '/'
end

--- The whole command line, with an absolute program.
---@param workspace? string
---@return string[]? argv
---@return string? problem
function M.argv(workspace)
  local configured = options.get()
  local program, problem = M.find(configured.cmd[1], workspace)
  if not program then
    return nil, problem
  end
  local argv = vim.list_extend({ program }, configured.cmd, 2)
  if configured.log_file then
    vim.list_extend(argv, { '--log', vim.fn.fnamemodify(vim.fn.expand(configured.log_file), ':p') })
  end
  return argv
end

--- Decides the workspace folder of a buffer, or that no server is started for it.
---@param buffer integer
---@param on_dir fun(root?: string)
function M.root(buffer, on_dir)
  local name = vim.api.nvim_buf_get_name(buffer)
  -- A buffer of another scheme (oil://, fugitive://) or without a file holds no outline.
  if name == '' or name:match('^%a[%w+.-]+://') then
    return
  end
  local markers = vim.lsp.config[M.name].root_markers
  local root = vim.fs.root(buffer, markers) or vim.fs.dirname(name)
  local argv, problem = M.argv(root)
  if not argv then
    display.tell_once(problem .. ' :checkhealth orchestrator says more.', vim.log.levels.WARN)
    return
  end
  starting[buffer] = root
  vim.api.nvim_create_autocmd('LspAttach', {
    buffer = buffer,
    callback = function()
      local attached = vim.lsp.get_clients({ name = M.name, bufnr = buffer })[1] ~= nil -- or another server
      if attached then
        require('orchestrator.attach').to(buffer)
      end
      starting[buffer] = not attached and root or nil
      return attached -- true removes this
    end,
  })
  on_dir(root)
end

---@param dispatchers vim.lsp.rpc.Dispatchers
---@param config vim.lsp.ClientConfig
---@return vim.lsp.rpc.PublicClient
function M.launch(dispatchers, config)
  local argv, problem = M.argv(config.root_dir)
  if not argv then
    give_up(config.root_dir)
    error('orchestrator: ' .. problem, 0)
  end
  local environment = vim.tbl_extend('keep', config.cmd_env or {}, {
    -- Python shall not import from its working directory or the script's.
    PYTHONSAFEPATH = '1',
  })
  local on_exit = dispatchers.on_exit
  dispatchers.on_exit = function(...)
    give_up(config.root_dir)
    on_exit(...)
  end
  local process = vim.lsp.rpc.start(argv, dispatchers, {
    cwd = config.cmd_cwd or M.working_directory(config.root_dir),
    env = environment,
    detached = config.detached,
  })
  local request = process.request
  process.request = function(method, params, callback, ...)
    local answered = callback
    if method == 'textDocument/codeLens' then
      answered = function(failure, lenses)
        local uri = params.textDocument.uri
        callback(failure, lenses and lenses ~= vim.NIL and require('orchestrator.lenses').near(uri, lenses))
      end
    end
    return request(method, params, answered, ...)
  end
  return process
end

--- Hands the user's settings over. `vim.lsp.config` wins over `vim.g`, since it is nearer to the server.
---@param params lsp.InitializeParams
---@param config vim.lsp.ClientConfig
function M.configure(params, config)
  local settings = config.settings --[[@as table]]
  settings.orchestrator = vim.tbl_deep_extend('force', options.get().settings, settings.orchestrator or {})
  if next(settings.orchestrator) == nil then
    settings.orchestrator = vim.empty_dict()
  end
  params.initializationOptions = config.init_options or { settings = settings.orchestrator }
end

---@param client vim.lsp.Client
function M.check_protocol(client)
  local abilities = vim.tbl_get(client.server_capabilities, 'experimental', 'orchestrator')
  local spoken = abilities and abilities.protocol
  if spoken ~= M.protocol then
    local text = 'the server speaks protocol %s and this plugin %d: update both.'
    display.tell_once(text:format(tostring(spoken), M.protocol), vim.log.levels.WARN)
  end
end

--- Calls back once the server is attached to the buffer, if it is just starting or the file was read again.
---@param buffer integer
---@param callback fun()
---@return boolean waiting whether there is something to wait for
function M.when_started(buffer, callback)
  if not starting[buffer] or vim.lsp.get_clients({ name = M.name, bufnr = buffer })[1] then
    return false
  end
  vim.api.nvim_create_autocmd(
    'LspAttach',
    { buffer = buffer, once = true, callback = vim.schedule_wrap(callback) }
  )
  return true
end

--- The client of a buffer, ready for requests.
---@param buffer integer
---@return vim.lsp.Client?
---@return string? problem
function M.client(buffer)
  if not vim.api.nvim_buf_is_valid(buffer) then
    return nil, 'The buffer was closed.'
  end
  local client = vim.lsp.get_clients({ name = M.name, bufnr = buffer })[1]
  if client then
    return client
  end
  if not vim.lsp.is_enabled(M.name) then
    return nil, "The server is not enabled: vim.lsp.enable('orchestrator')."
  end
  if vim.bo[buffer].filetype ~= 'markdown' then
    return nil, ("This buffer's file type is '%s', not 'markdown'."):format(vim.bo[buffer].filetype)
  end
  if vim.api.nvim_buf_get_name(buffer) == '' then
    return nil, 'This buffer has no file yet: :write it, then :edit.'
  end
  return nil, 'No server runs for this buffer; see :checkhealth orchestrator.'
end

--- Sends a request about a buffer. A refusal is told to the person, unless it is quiet.
---@param buffer integer
---@param method string
---@param params table
---@param on_result? fun(result: table)
---@param quiet? boolean
---@return boolean sent
function M.request(buffer, method, params, on_result, quiet)
  local client, problem = M.client(buffer)
  if not client then
    if not quiet then
      display.tell(problem --[[@as string]], vim.log.levels.ERROR)
    end
    return false
  end
  -- The number of a real buffer, never 0: only then are pending changes sent first.
  return (
    client:request(method, params, function(failure, result)
      if failure then
        if not quiet then
          display.tell(failure.message, vim.log.levels.ERROR)
        end
      elseif on_result then
        on_result(result)
      end
    end, buffer)
  )
end

--- When servers that ended by themselves were started again, in seconds.
---@type number[]
local restarts = {}

--- How often in how many seconds that is done: a server that cannot live is left alone.
local most_restarts, restart_seconds = 3, 120

--- Starts a server again for the buffers of one that ended by itself.
---@param buffers integer[]
---@return boolean
local function start_again(buffers)
  local now = vim.uv.now() / 1000
  restarts = vim.tbl_filter(function(moment)
    return now - moment < restart_seconds
  end, restarts)
  if #restarts >= most_restarts or not vim.lsp.is_enabled(M.name) then
    return false
  end
  restarts[#restarts + 1] = now
  for _, buffer in ipairs(buffers) do
    if vim.api.nvim_buf_is_loaded(buffer) then
      -- What `vim.lsp.enable` does for a buffer that is opened.
      local event = { group = 'nvim.lsp.enable', buffer = buffer, modeline = false }
      pcall(vim.api.nvim_exec_autocmds, 'FileType', event)
    end
  end
  return #buffers > 0
end

--- A server is ready. Chats of one that ended go on with it.
---@param client vim.lsp.Client
function M.on_start(client)
  M.check_protocol(client)
  local chat = package.loaded['orchestrator.chat.stream']
  if chat then
    vim.schedule(function()
      chat.on_server_start(client)
    end)
  end
end

--- The server ended. Runs in a fast event.
---@param code integer
---@param signal integer
---@param client_id integer
function M.on_exit(code, signal, client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  local buffers = client and vim.tbl_keys(client.attached_buffers) or {}
  -- Whoever stops it politely sees it exit with 0, and by force with a SIGTERM.
  local by_itself = code ~= 0 or (signal ~= 0 and signal ~= 15)
  vim.schedule(function()
    if vim.v.exiting ~= vim.NIL then
      return
    end
    -- What is not loaded shows no signs, no chats and no ghosts.
    local chat = package.loaded['orchestrator.chat.stream']
    if chat then
      chat.on_server_exit(client_id)
    end
    local runs = package.loaded['orchestrator.runs']
    if runs then
      runs.on_server_exit(client_id)
    end
    local splits = package.loaded['orchestrator.splits']
    local lost = splits and splits.on_server_exit(client_id) or 0
    if lost > 0 then -- Without a split, Neovim's own message about the client says enough.
      local how = signal ~= 0 and ('signal %d'):format(signal) or ('exit code %d'):format(code)
      local text = 'The server stopped (%s), and the split with it; nothing was written. '
      local more = by_itself and ':Orchestrator log shows why.'
        or ':edit starts it again, :Orchestrator log shows why.'
      display.tell(text:format(how) .. more, vim.log.levels.ERROR)
    end
    if by_itself then
      -- After Neovim has let go of the one that ended.
      vim.defer_fn(function()
        if start_again(buffers) then
          display.say('the server ended by itself, and is started again.')
        end
      end, 50)
    end
  end)
end

--- A buffer gets another name (`:file`, `:saveas`): the server is told at once, not at the next `:write`, so
--- that every request in between finds the text.
local function follow_names()
  local group = vim.api.nvim_create_augroup('orchestrator.names', {})
  local leaving = {} ---@type table<integer, integer> buffer to client
  local function attach_again(buffer)
    local client_id = leaving[buffer]
    leaving[buffer] = nil
    if client_id and vim.api.nvim_buf_is_loaded(buffer) and vim.lsp.get_client_by_id(client_id) then
      vim.lsp.buf_attach_client(buffer, client_id)
    end
  end
  vim.api.nvim_create_autocmd('BufFilePre', {
    group = group,
    callback = function(event)
      local client = vim.lsp.get_clients({ name = M.name, bufnr = event.buf })[1]
      if client then
        leaving[event.buf] = client.id
        vim.lsp.buf_detach_client(event.buf, client.id)
        vim.schedule(function()
          attach_again(event.buf) -- The name was refused.
        end)
      end
    end,
  })
  vim.api.nvim_create_autocmd('BufFilePost', {
    group = group,
    callback = function(event)
      attach_again(event.buf)
      local splits = package.loaded['orchestrator.splits'] -- What is not loaded splits nothing.
      if splits then
        splits.on_renamed(event.buf)
      end
    end,
  })
end

follow_names()

return M
