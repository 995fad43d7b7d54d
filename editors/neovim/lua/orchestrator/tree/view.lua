--- The buffer that shows the tree of one outline: asks for what is seen, draws what changed, follows cursors.
---
--- Only rows on the screen are asked for, with some around them, and only changed rows are written. Colours
--- are put on while Neovim draws a row, and cost nothing elsewhere.
---
--- Invariant: the outline's text and its cursor stay as they are while its tree is drawn
--- (test_the_cursor_is_followed_both_ways).
--- Invariant: 100,000 tasks open as fast as a screen of them (test_a_hundred_thousand_tasks).

local display = require('orchestrator.display')
local nodes = require('orchestrator.tree.nodes')
local server = require('orchestrator.server')

local M = {}

local namespace = vim.api.nvim_create_namespace('orchestrator.tree')
local ghost_namespace = vim.api.nvim_create_namespace('orchestrator.tree.ghosts')

--- Milliseconds of rest after which the other window goes along with a cursor.
local rest = 40

local marks = {
  pending = '[ ] ',
  inProgress = '[/] ',
  completed = '[x] ',
  cancelled = '[-] ',
  failed = '[!] ',
  asking = '[?] ',
  other = '[~] ',
}

local not_known = '…'

---@class orchestrator.tree.View
---@field outline integer
---@field buffer integer
---@field nodes orchestrator.tree.Nodes
---@field rows orchestrator.tree.Rows
---@field lines string[] as they stand in the buffer
---@field asked table<orchestrator.tree.Node, table<integer, true>> pages on their way
---@field shown? string the node that both cursors are on
---@field wanted? string the node on which the cursor is to stand once it is known
---@field follows boolean
---@field timer uv.uv_timer_t
---@field generation integer one more whenever the tree is asked for from its beginning
---@field state_of fun(outline: integer, node_id: string): string? where a node stands in a run
---@field uri string
local View = {}
View.__index = View

---@type table<integer, orchestrator.tree.View> by buffer
local views = {}

---@param buffer integer
---@return orchestrator.tree.View?
function M.of_buffer(buffer)
  return views[buffer]
end

---@return table<integer, orchestrator.tree.View>
function M.all()
  return views
end

---@param node orchestrator.tree.Node
---@param state? string
---@return string
local function row_text(node, state)
  local said = assert(node.said)
  local below = nodes.child_count(node) > 0
  local lead = ('  '):rep(node.depth) .. (below and (node.open and '▾ ' or '▸ ') or '  ')
  local mark = said.kind == 'task' and (marks[said.status] or marks.other) or ''
  local progress = said.progress
  local counted = type(progress) == 'table' and ('  %d/%d'):format(progress.done, progress.total) or ''
  local running = state and ('  ● ' .. state) or ''
  return lead .. mark .. display.visible(said.title) .. counted .. running
end

---@param outline integer
---@param options { follow: boolean, opened?: table<string, true> }
---@param state_of fun(outline: integer, node_id: string): string?
---@return orchestrator.tree.View
function M.new(outline, options, state_of)
  local buffer = vim.api.nvim_create_buf(false, true)
  local view = setmetatable({
    outline = outline,
    buffer = buffer,
    nodes = nodes.new(options.opened),
    rows = { parents = {}, indexes = {} },
    lines = {},
    asked = {},
    follows = options.follow,
    timer = assert(vim.uv.new_timer()),
    generation = 0,
    state_of = state_of,
    uri = vim.uri_from_bufnr(outline),
  }, View) ---@type orchestrator.tree.View
  views[buffer] = view
  vim.b[buffer].orchestrator_tree_of = outline
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].undolevels = -1
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(outline), ':t')
  pcall(vim.api.nvim_buf_set_name, buffer, ('orchestrator://tree/%d/%s'):format(outline, name))
  return view
end

--- Forgets the view; its buffer is going away.
function View:close()
  views[self.buffer] = nil
  self.timer:stop()
  if not self.timer:is_closing() then
    self.timer:close()
  end
end

--- Asks for the tree from its beginning. What was open will be again.
function View:reload()
  self.uri = vim.uri_from_bufnr(self.outline)
  self.generation = self.generation + 1
  self.nodes = nodes.new(self.nodes.opened)
  self.asked = {}
  self:ask(self.nodes.root, 0)
end

--- Asks for a page of children, once.
---@param parent orchestrator.tree.Node
---@param offset integer
---@param after? fun()
function View:ask(parent, offset, after)
  local asked = self.asked[parent] or {}
  self.asked[parent] = asked
  if asked[offset] then
    return
  end
  asked[offset] = true
  local generation, known = self.generation, self.nodes
  local params = { uri = self.uri, nodeId = parent.id, offset = offset, limit = nodes.page }
  local sent = server.request(self.outline, 'orchestrator/tree', params, function(page)
    if not self:is_alive() or generation ~= self.generation then
      return
    end
    asked[offset] = nil
    if known.seq and page.seq ~= known.seq and next(known.by_id) then
      self:reload() -- A delta was lost between two pages.
    elseif known:get(parent.id) == parent then
      known:put(parent, offset, page)
      self:draw()
      if after then
        after()
      end
    end
  end, true)
  if not sent then
    asked[offset] = nil
  end
end

---@return boolean
function View:is_alive()
  return views[self.buffer] == self and vim.api.nvim_buf_is_valid(self.buffer)
end

--- Makes the changes of a delta, or asks again.
---@param delta orchestrator.TreeChangedParams
function View:on_changed(delta)
  if not self.nodes.seq then
    return -- The first page is on its way, and newer.
  elseif self.nodes:apply(delta) then
    self:draw()
  else
    self:reload()
  end
end

--- The node in a row.
---@param row integer from 1
---@return orchestrator.tree.Node?
function View:node(row)
  return nodes.at(self.rows, row)
end

--- Windows that show the tree.
---@return integer[]
function View:windows()
  return vim.fn.win_findbuf(self.buffer)
end

---@param row integer
---@return string
function View:text(row)
  local node = self:node(row)
  if not node then
    return ('  '):rep(self.rows.parents[row].depth + 1) .. '  ' .. not_known
  end
  node.text = node.text or row_text(node, self.state_of(self.outline, node.id))
  return node.text
end

--- Writes the rows that are not what they were. Cursors stay on their nodes.
function View:draw()
  local stands = {} ---@type table<integer, orchestrator.tree.Node>
  for _, window in ipairs(self:windows()) do
    stands[window] = self:node(vim.api.nvim_win_get_cursor(window)[1])
  end
  self.rows = self.nodes:rows()
  local count, before = #self.rows.parents, self.lines
  local lines = {} ---@type string[]
  for row = 1, count do
    lines[row] = self:text(row)
  end
  local same, rest_same = 0, 0
  while same < math.min(count, #before) and lines[same + 1] == before[same + 1] do
    same = same + 1
  end
  while
    rest_same < math.min(count, #before) - same and lines[count - rest_same] == before[#before - rest_same]
  do
    rest_same = rest_same + 1
  end
  self.lines = lines
  if same < count or #before ~= count then
    vim.bo[self.buffer].modifiable = true
    local changed = vim.list_slice(lines, same + 1, count - rest_same)
    local last = #before == 0 and -1 or #before - rest_same
    vim.api.nvim_buf_set_lines(self.buffer, same, last, false, changed)
    vim.bo[self.buffer].modifiable = false
  end
  for window, node in pairs(stands) do
    local still = node.id and self.nodes.by_id[node.id]
    local row = still and nodes.row_of(self.rows, still)
    local cursor = vim.api.nvim_win_get_cursor(window)
    if row and row ~= cursor[1] then
      vim.api.nvim_win_set_cursor(window, { row, cursor[2] })
    end
  end
  self:draw_ghosts()
  self:fill()
end

--- Asks for what is seen and not known, with a screen around it.
function View:fill()
  for _, window in ipairs(self:windows()) do
    local first, last = vim.fn.line('w0', window), vim.fn.line('w$', window)
    local height = vim.api.nvim_win_get_height(window)
    -- Before the first redraw a window does not know its last line.
    last = math.max(last, first + height)
    for _, wanted in ipairs(nodes.missing(self.rows, first - height, last + height)) do
      self:ask(wanted.parent, wanted.offset)
    end
  end
end

--- Proposed subtasks below the row of their task.
function View:draw_ghosts()
  vim.api.nvim_buf_clear_namespace(self.buffer, ghost_namespace, 0, -1)
  local splits = package.loaded['orchestrator.splits'] -- What is not loaded splits nothing.
  for _, split in ipairs(splits and splits.of(self.outline) or {}) do
    local preview = split.preview
    local node = preview and self.nodes.by_id[preview.nodeId]
    local row = node and nodes.row_of(self.rows, node)
    if node and row and preview then
      local indent = ('  '):rep(node.depth + 2)
      local lines = {} ---@type orchestrator.Chunk[][]
      for index, child in ipairs(preview.children or {}) do
        lines[index] = {
          { ('%s%d '):format(indent, index), 'OrchestratorGhostNumber' },
          { display.visible(child.title), 'OrchestratorGhostTitle' },
        }
      end
      vim.api.nvim_buf_set_extmark(self.buffer, ghost_namespace, row - 1, 0, {
        virt_lines = lines,
        virt_text = {
          {
            '  ' .. (preview.state == 'ready' and 'ready' or preview.state .. '…'),
            'OrchestratorGhostState',
          },
        },
      })
    end
  end
end

--- Opens or closes a node.
---@param node orchestrator.tree.Node
---@param open boolean
function View:set_open(node, open)
  if node.open ~= open and nodes.child_count(node) > 0 then
    self.nodes:set_open(node, open)
    if open and not node.children then
      self:ask(node, 0)
    end
    self:draw()
  end
end

--- Puts the cursor on a node that is known.
---@param node orchestrator.tree.Node
function View:stand_on(node)
  local row = nodes.row_of(self.rows, node)
  for _, window in ipairs(row and self:windows() or {}) do
    vim.api.nvim_win_set_cursor(window, { row, 0 })
  end
  self:fill()
end

--- Opens everything above a node and puts the cursor on it.
---@param path string[] from the top level down to the node
---@param indexes integer[] places among their siblings, from 0
function View:reveal(path, indexes)
  local target = path[#path]
  self.wanted = target
  local asked = {} ---@type table<integer, true>
  local function go()
    if self.wanted ~= target then
      return -- The cursor has moved on meanwhile.
    end
    local parent = self.nodes.root
    for step, id in ipairs(path) do
      local node = self.nodes.by_id[id]
      if not node then
        if not asked[step] then
          asked[step] = true
          local page = math.floor(indexes[step] / nodes.page) * nodes.page
          self.asked[parent] = nil -- Its answer must come back here.
          self:ask(parent, page, go)
        end
        return
      end
      if step < #path and not node.open then
        self.nodes:set_open(node, true)
      end
      parent = node
    end
    self.wanted, self.shown = nil, target
    self:draw()
    self:stand_on(parent)
  end
  go()
end

--- Calls back when no other call came for a while.
---@param callback fun()
function View:later(callback)
  self.timer:start(
    rest,
    0,
    vim.schedule_wrap(function()
      if self:is_alive() then
        callback()
      end
    end)
  )
end

--- The window of the outline that goes along: one of this tab page.
---@return integer?
function View:outline_window()
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.api.nvim_win_get_buf(window) == self.outline then
      return window
    end
  end
end

--- The tree goes where the cursor of the outline is.
function View:follow_outline()
  local window = self:outline_window()
  if not window or vim.api.nvim_get_current_buf() == self.buffer then
    return
  end
  local position = { line = vim.api.nvim_win_get_cursor(window)[1] - 1, character = 0 }
  local generation = self.generation
  server.request(
    self.outline,
    'orchestrator/tree/locate',
    { uri = self.uri, position = position },
    function(found)
      if self:is_alive() and generation == self.generation and found.nodeId ~= self.shown then
        self:reveal(found.path, found.indexes)
      end
    end,
    true
  )
end

--- Where a node's title stands.
---@param node_id string
---@param on_found fun(line: integer, column: integer) line from 1
function View:locate(node_id, on_found)
  local params = { uri = self.uri, nodeId = node_id }
  server.request(self.outline, 'orchestrator/tree/locate', params, function(found)
    local client = server.client(self.outline)
    if not client or not self:is_alive() or not vim.api.nvim_buf_is_loaded(self.outline) then
      return
    end
    local start = found.selectionRange.start
    local line = vim.api.nvim_buf_get_lines(self.outline, start.line, start.line + 1, false)[1]
    if line then
      local column = vim.str_byteindex(line, client.offset_encoding, start.character, false)
      on_found(start.line + 1, column)
    end
  end, true)
end

--- The outline goes where the cursor of the tree is.
function View:follow_tree()
  if vim.api.nvim_get_current_buf() ~= self.buffer then
    return
  end
  local node = self:node(vim.api.nvim_win_get_cursor(0)[1])
  if not node or node.id == self.shown then
    return
  end
  self.shown = node.id
  self:locate(node.id, function(line, column)
    local window = self:outline_window()
    if window and self.shown == node.id and vim.api.nvim_get_current_buf() == self.buffer then
      vim.api.nvim_win_set_cursor(window, { line, column })
      vim.api.nvim_win_call(window, function()
        vim.cmd('silent! normal! zv')
      end)
    end
  end)
end

--- Draws the rows of these nodes anew: where they stand in a run has changed.
---@param node_id? string nil: all
function View:refresh(node_id)
  for id, node in pairs(self.nodes.by_id) do
    if not node_id or id == node_id then
      node.text = nil
    end
  end
  self:draw()
end

-- Colours

local groups = {
  pending = 'OrchestratorPending',
  inProgress = 'OrchestratorInProgress',
  completed = 'OrchestratorCompleted',
  cancelled = 'OrchestratorCancelled',
  failed = 'OrchestratorFailed',
  asking = 'OrchestratorAsking',
}

---@param buffer integer
---@param row integer from 0
---@param from integer
---@param to integer
---@param group string
local function colour(buffer, row, from, to, group)
  vim.api.nvim_buf_set_extmark(buffer, namespace, row, from, {
    end_col = to,
    hl_group = group,
    ephemeral = true,
    strict = false,
  })
end

---@param buffer integer
---@param row integer from 0
local function on_line(_, _, buffer, row)
  local view = views[buffer]
  local line = view and view.lines[row + 1]
  if not view or not line then
    return
  end
  local node = view:node(row + 1)
  if not node then
    colour(buffer, row, 0, #line, 'OrchestratorTreeMore')
    return
  end
  local start = node.depth * 2
  local lead = start + (nodes.child_count(node) > 0 and #'▾ ' or 2)
  colour(buffer, row, start, lead, 'OrchestratorTreeFold')
  local group = groups[node.said.status]
  if node.said.kind == 'section' then
    colour(buffer, row, lead, #line, 'OrchestratorTreeSection')
  elseif group then
    local settled = node.said.status == 'completed' or node.said.status == 'cancelled'
    colour(buffer, row, lead, settled and #line or lead + 3, group)
  end
  local running = line:find('  ● ', 1, true)
  local counted = line:find('  %d+/%d+', 1) and line:match('()  %d+/%d+$') or line:match('()  %d+/%d+  ●')
  if counted then
    colour(buffer, row, counted - 1, running and running - 1 or #line, 'OrchestratorTreeProgress')
  end
  if running then
    colour(buffer, row, running - 1, #line, 'OrchestratorRunning')
  end
end

vim.api.nvim_set_decoration_provider(namespace, {
  on_win = function(_, _, buffer)
    return views[buffer] ~= nil
  end,
  on_line = on_line,
})

return M
