--- `:Orchestrator tree`: the tasks of an outline as a tree in a window of its own, and what its keys do.
---
--- Apart from `tree.view`, which draws: here are windows, keys and autocommands.
---
--- Invariant: when the tree's window is closed nothing of it is left (test_nothing_of_a_closed_tree_is_left).

local actions = require('orchestrator.actions')
local display = require('orchestrator.display')
local highlights = require('orchestrator.highlights')
local options = require('orchestrator.options')
local place = require('orchestrator.place')
local server = require('orchestrator.server')
local views = require('orchestrator.tree.view')

local M = {}

---@type table<integer, table<string, boolean>> outline to what a person opened or closed in its tree
local opened = {}

--- Where a node stands in a run. A split says so itself, with its proposal.
---@param outline integer
---@param node_id string
---@return string?
local function state_of(outline, node_id)
  local splits = package.loaded['orchestrator.splits'] -- What is not loaded splits nothing.
  for _, split in ipairs(splits and splits.of(outline) or {}) do
    if split.preview and split.preview.nodeId == node_id then
      return nil
    end
  end
  local runs = package.loaded['orchestrator.runs'] -- What is not loaded runs nothing.
  return runs and runs.state_of(vim.uri_from_bufnr(outline), node_id)
end

---@param outline integer
---@return orchestrator.tree.View?
local function view_of(outline)
  for _, view in pairs(views.all()) do
    if view.outline == outline then
      return view
    end
  end
end

--- The node in a row of a tree.
---@param buffer integer
---@param row integer from 1
---@return string?
function M.node_id(buffer, row)
  local view = views.of_buffer(buffer)
  local node = view and view:node(row)
  return node and node.id
end

--- The nodes in some rows of a tree, without those that are not known yet.
---@param buffer integer
---@param first integer from 1
---@param last integer
---@return string[]
function M.node_ids(buffer, first, last)
  local ids = {} ---@type string[]
  for row = first, last do
    ids[#ids + 1] = M.node_id(buffer, row)
  end
  return ids
end

--- Waits until these nodes are gone from a tree, so that the next key finds the rows as they then are.
---@param buffer integer
---@param ids string[]
function M.wait_without(buffer, ids)
  local view = views.of_buffer(buffer)
  local client = view and server.client(view.outline)
  if not view or not client then
    return
  end
  client:notify('$/setTrace', { value = 'off' }) -- Any notification sends the pending changes first.
  vim.wait(500, function()
    return not vim.iter(ids):any(function(id)
      local node = view.nodes.by_id[id]
      return node ~= nil and node.said.kind == 'task'
    end)
  end, 5)
end

--- How deep the task in a row of a tree stands; nil for a section, and for what is not known yet.
---@param buffer integer
---@param row integer from 1
---@return integer?
function M.depth_of_task(buffer, row)
  local view = views.of_buffer(buffer)
  local node = view and view:node(row)
  return node and node.said.kind == 'task' and node.depth or nil
end

---@class orchestrator.tree.Action: orchestrator.Action
---@field run? fun(view: orchestrator.tree.View, node?: orchestrator.tree.Node)

---@param line string a subcommand
---@return fun(view: orchestrator.tree.View, node?: orchestrator.tree.Node)
local function command(line)
  return function()
    vim.cmd('Orchestrator ' .. line)
  end
end

--- An action on the row of the cursor, on as many rows as are counted, or on those that are selected.
---@param name string
---@param key string
---@param summary string
---@param line string a subcommand
---@return orchestrator.tree.Action
local function on_rows(name, key, summary, line)
  local function on_lines(first, last)
    vim.cmd(('%d,%dOrchestrator %s'):format(first, math.min(last, vim.fn.line('$')), line))
  end
  return {
    name = name,
    key = key,
    summary = summary,
    run = function()
      local row = vim.fn.line('.')
      if vim.v.count > 0 then
        on_lines(row, row + vim.v.count - 1)
      else
        vim.cmd('Orchestrator ' .. line)
      end
    end,
    selected = on_lines,
  }
end

--- An edit that `.` does again.
---@param name string
---@param key string
---@param summary string
---@return orchestrator.tree.Action
local function edit(name, key, summary)
  return {
    name = name,
    key = key,
    summary = summary,
    keys = function()
      return require('orchestrator.edits').keys(name)
    end,
    selected = function()
      require('orchestrator.edits').selected(name)
    end,
  }
end

---@param window integer
---@return boolean
local function is_float(window)
  return vim.api.nvim_win_get_config(window).relative ~= ''
end

--- Goes to a node's title in the outline.
---@param view orchestrator.tree.View
---@param node? orchestrator.tree.Node
local function go(view, node)
  if not node then
    return
  end
  local from = vim.api.nvim_get_current_win()
  view:locate(node.id, function(line, column)
    view.shown = node.id
    local window = view:outline_window()
    if is_float(from) then
      vim.api.nvim_win_close(from, false)
    end
    if window then
      vim.api.nvim_set_current_win(window)
    else
      vim.cmd.wincmd('p')
      if vim.api.nvim_get_current_win() == from then
        vim.cmd('botright vsplit')
      end
      vim.api.nvim_win_set_buf(0, view.outline)
    end
    vim.cmd("normal! m'")
    vim.api.nvim_win_set_cursor(0, { line, column })
    vim.cmd('silent! normal! zv')
  end)
end

--- A task below or behind this one, whose title is asked for.
---@param what 'subtask'|'sibling'
---@return fun(view: orchestrator.tree.View, node?: orchestrator.tree.Node)
local function add(what)
  return function(view, node)
    if not node then
      return
    end
    vim.ui.input({ prompt = ('Title of the %s: '):format(what) }, function(title)
      if title and title ~= '' then
        local params = { uri = view.uri, nodeId = node.id, title = title }
        server.request(view.outline, ('orchestrator/edit/%s/add'):format(what), params)
        view:set_open(node, node.open or what == 'subtask')
      end
    end)
  end
end

--- What the server knows of a task, in a window beside the cursor.
---@param view orchestrator.tree.View
---@param node? orchestrator.tree.Node
local function hover(view, node)
  if not node then
    return
  end
  local params = { uri = view.uri, nodeId = node.id }
  server.request(view.outline, 'orchestrator/tree/locate', params, function(found)
    local title = { textDocument = { uri = view.uri }, position = found.selectionRange.start }
    server.request(view.outline, 'textDocument/hover', title, function(card)
      local text = card and card ~= vim.NIL and vim.lsp.util.convert_input_to_markdown_lines(card.contents)
        or {}
      if #text > 0 then
        vim.lsp.util.open_floating_preview(text, 'markdown', { focus_id = 'orchestrator.tree' })
      end
    end)
  end)
end

---@param open boolean
---@return fun(view: orchestrator.tree.View)
local function set_all(open)
  return function(view)
    for _, node in pairs(view.nodes.by_id) do
      if node.said.childCount > 0 then
        view.nodes:set_open(node, open)
      end
    end
    view:draw()
  end
end

local show_keys ---@type fun(view: orchestrator.tree.View)

---@type orchestrator.tree.Action[]
M.actions = {
  { name = 'go', key = '<CR>', summary = 'go to the task in the outline', run = go },
  {
    name = 'toggle',
    key = '<Tab>',
    summary = 'open or close the branch',
    run = function(view, node)
      if node then
        view:set_open(node, not node.open)
      end
    end,
  },
  {
    name = 'open',
    key = 'zo',
    summary = 'open the branch',
    run = function(view, node)
      if node then
        view:set_open(node, true)
      end
    end,
  },
  {
    name = 'close',
    key = 'zc',
    summary = 'close the branch, or the one that it is in',
    run = function(view, node)
      if not node then
        return
      end
      local open = node.open and #(node.children or {}) > 0
      local branch = open and node or node.parent
      if branch and branch.id then
        view:set_open(branch, false)
        view:stand_on(branch)
      end
    end,
  },
  { name = 'open_all', key = 'zR', summary = 'open all branches that are shown', run = set_all(true) },
  { name = 'close_all', key = 'zM', summary = 'close all branches', run = set_all(false) },
  {
    name = 'parent',
    key = 'P',
    summary = 'go to the parent',
    run = function(view, node)
      if node and node.parent.id then
        view:stand_on(node.parent)
      end
    end,
  },
  { name = 'hover', key = 'K', summary = 'show what is known of the task', run = hover },
  on_rows('split', 's', 'split the task', 'split'),
  on_rows('split_all', 'S', 'split it and its subtasks', 'split!'),
  { name = 'replan', key = 'R', summary = 'plan its subtasks anew', run = command('replan') },
  { name = 'accept', key = 'ga', summary = 'accept the proposed subtasks', run = command('accept') },
  { name = 'edit', key = 'ge', summary = 'edit the proposed subtasks', run = command('edit') },
  { name = 'discard', key = 'gd', summary = 'discard the proposed subtasks', run = command('discard') },
  on_rows('run', 'r', 'run the branch', 'run'),
  { name = 'resume', key = 'gr', summary = 'go on with its run', run = command('resume') },
  { name = 'stop', key = 'x', summary = 'stop its split or its run', run = command('stop') },
  { name = 'chat', key = 'c', summary = 'talk about the task', run = command('chat') },
  { name = 'context', key = 'gc', summary = 'show what a model is sent', run = command('context') },
  { name = 'inbox', key = 'i', summary = 'list what waits for you', run = command('inbox') },
  edit('status', '<Space>', 'the next status'),
  edit('promote', '<lt><lt>', 'move it one level up'),
  edit('demote', '>>', 'move it below the task before it'),
  edit('up', '[e', 'move it up, by as many places as you count'),
  edit('down', ']e', 'move it down'),
  { name = 'into', key = 'm', summary = 'move it into another task', run = command('move into') },
  edit('delete', 'dd', 'delete it, with everything below it'),
  { name = 'subtask', key = 'a', summary = 'add a subtask', run = add('subtask') },
  { name = 'sibling', key = 'o', summary = 'add a task behind it', run = add('sibling') },
  {
    name = 'follow',
    key = 'gf',
    summary = 'follow the cursor, or stop that',
    run = function(view)
      view.follows = not view.follows
      display.say(view.follows and 'the tree follows the cursor.' or 'the tree stays where it is.')
    end,
  },
  {
    name = 'reload',
    key = '<C-l>',
    summary = 'ask for the tree again',
    run = function(view)
      view:reload()
    end,
  },
  {
    name = 'quit',
    key = 'q',
    summary = 'close the tree',
    run = function()
      vim.cmd.close()
    end,
  },
  {
    name = 'help',
    key = 'g?',
    summary = 'show these keys',
    run = function(view)
      show_keys(view)
    end,
  },
}

show_keys = function()
  actions.show(M.actions, options.get().tree.keys, 'orchestrator.tree.keys')
end

---@param view orchestrator.tree.View
local function set_keys(view)
  actions.set(view.buffer, M.actions, options.get().tree.keys, function(action)
    action.run(view, view:node(vim.api.nvim_win_get_cursor(0)[1]))
  end)
end

--- Follows the outline, its server, both cursors and both windows for as long as the tree is there.
---@param view orchestrator.tree.View
local function watch(view)
  local group = vim.api.nvim_create_augroup(('orchestrator.tree.%d'):format(view.buffer), {})
  local function on(events, pattern, callback)
    local given = vim.tbl_extend('error', { group = group, callback = callback }, pattern)
    vim.api.nvim_create_autocmd(events, given)
  end
  on({ 'CursorMoved', 'BufEnter' }, { buffer = view.outline }, function()
    if view.follows then
      view:later(function()
        view:follow_outline()
      end)
    end
  end)
  on('CursorMoved', { buffer = view.buffer }, function()
    view:fill()
    if view.follows then
      view:later(function()
        view:follow_tree()
      end)
    end
  end)
  on({ 'WinScrolled', 'WinResized' }, {}, function()
    view:fill()
  end)
  -- The server was started again, the file was read again, or it has another name.
  on('LspAttach', { buffer = view.outline }, function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == server.name then
      view:reload()
    end
  end)
  on('BufUnload', { buffer = view.outline }, function()
    vim.schedule(function()
      local gone = not vim.api.nvim_buf_is_loaded(view.outline)
      if gone and vim.api.nvim_buf_is_valid(view.buffer) then
        vim.api.nvim_buf_delete(view.buffer, { force = true })
      end
    end)
  end)
  on('User', { pattern = { 'OrchestratorTaskChanged', 'OrchestratorSplit' } }, function(event)
    if event.match == 'OrchestratorSplit' then
      view:refresh(event.data.nodeId)
    elseif event.data.uri == view.uri and type(event.data.nodeId) == 'string' then
      view:refresh(event.data.nodeId)
    end
  end)
  on('BufWipeout', { buffer = view.buffer }, function()
    opened[view.outline] = view.nodes.opened
    view:close()
    vim.api.nvim_del_augroup_by_id(group)
  end)
end

---@param buffer integer
---@param layout 'split'|'float'
---@return integer window
local function open_window(buffer, layout)
  local window ---@type integer
  if layout == 'float' then
    local width = math.min(math.max(math.floor(vim.o.columns * 0.6), 40), vim.o.columns - 4)
    local height = math.max(math.floor(vim.o.lines * 0.7), 5)
    window = vim.api.nvim_open_win(buffer, true, {
      relative = 'editor',
      width = width,
      height = height,
      row = math.floor((vim.o.lines - height) / 2) - 1,
      col = math.floor((vim.o.columns - width) / 2),
      border = vim.fn.exists('+winborder') == 1 and vim.o.winborder ~= '' and vim.o.winborder or 'rounded',
      title = ' Tasks (g? shows the keys) ',
    })
  else
    local width = options.get().tree.width
    window = vim.api.nvim_open_win(buffer, true, { split = 'left', win = -1, width = width })
    vim.wo[window][0].winfixwidth = true
  end
  for name, value in pairs({
    number = false,
    relativenumber = false,
    wrap = false,
    cursorline = true,
    signcolumn = 'no',
    foldcolumn = '0',
    foldenable = false,
    list = false,
    spell = false,
  }) do
    vim.wo[window][0][name] = value
  end
  return window
end

--- Opens the tree of the current outline, goes to it if it is open, closes it from within.
---@param layout? 'split'|'float'
function M.toggle(layout)
  local current = vim.api.nvim_get_current_buf()
  if views.of_buffer(current) then
    vim.cmd.close()
    return
  end
  local here = place.here() -- In a chat its outline is meant.
  local buffer = here.buffer
  local known = view_of(buffer)
  local window = known and vim.fn.win_findbuf(known.buffer)[1]
  if window then
    vim.api.nvim_set_current_win(window)
    return
  end
  local starting = server.when_started(buffer, function()
    if vim.api.nvim_get_current_buf() == current then
      M.toggle(layout)
    end
  end)
  if starting then
    display.say('the server is starting…')
    return
  end
  local client, problem = server.client(buffer)
  if not client then
    display.tell(problem --[[@as string]], vim.log.levels.ERROR)
    return
  end
  highlights.define()
  local configured = options.get().tree
  local view = views.new(buffer, { follow = configured.follow, opened = opened[buffer] }, state_of)
  local position = here.line and { line = here.line - 1, character = 0 } or nil
  open_window(view.buffer, layout or configured.layout)
  vim.bo[view.buffer].filetype = 'orchestrator-tree'
  set_keys(view)
  watch(view)
  view:ask(view.nodes.root, 0, function()
    local params = { uri = view.uri, position = position, nodeId = here.node_id }
    server.request(buffer, 'orchestrator/tree/locate', params, function(found)
      if view:is_alive() then
        view:reveal(found.path, found.indexes)
      end
    end, true)
  end)
end

--- Handler of `orchestrator/treeChanged`.
---@type lsp.Handler
function M.on_tree_changed(_, delta)
  for _, view in pairs(views.all()) do
    if view.uri == delta.uri then
      view:on_changed(delta)
    end
  end
end

return M
