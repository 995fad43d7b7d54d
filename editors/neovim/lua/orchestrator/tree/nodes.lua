--- The tree of one outline as far as it is known: which nodes, which are open, which rows that makes.
---
--- Apart from the view because it knows no buffer: pages and deltas go in, rows come out. Children not
--- asked for yet are holes, so that a branch of 100,000 tasks has its whole length from its first page on.
---
--- Invariant: pages and deltas, in the order of their numbers, give what `orchestrator/tree` would say
--- (test_the_tree_follows_what_is_typed).

---@class orchestrator.tree.Node
---@field id? string none: the root
---@field said? orchestrator.TreeNode what the server says of it
---@field parent? orchestrator.tree.Node
---@field depth integer of the root -1
---@field open boolean its children are rows
---@field children? (orchestrator.tree.Node|false)[] false: not known yet; nil: never asked for
---@field text? string its row, as drawn; nil: to be made again

---@class orchestrator.tree.Nodes
---@field seq? integer of the state that is shown
---@field root orchestrator.tree.Node
---@field by_id table<string, orchestrator.tree.Node>
---@field opened table<string, boolean> what a person opened or closed
local Nodes = {}
Nodes.__index = Nodes

local M = {}

--- How many nodes are asked for at once.
M.page = 200

---@param opened? table<string, boolean>
---@return orchestrator.tree.Nodes
function M.new(opened)
  local root = { depth = -1, open = true } ---@type orchestrator.tree.Node
  return setmetatable({ root = root, by_id = {}, opened = opened or {} }, Nodes)
end

---@param id? string|vim.NIL
---@return orchestrator.tree.Node?
function Nodes:get(id)
  if id == nil or id == vim.NIL then
    return self.root
  end
  return self.by_id[id]
end

---@param node orchestrator.tree.Node
---@return integer
function M.child_count(node)
  return node.children and #node.children or (node.said and node.said.childCount or 0)
end

--- As it was before; sections are open from the beginning.
---@param said orchestrator.TreeNode
---@return boolean
function Nodes:_was_open(said)
  local open = self.opened[said.nodeId]
  if open == nil then
    return said.kind == 'section'
  end
  return open
end

---@param said orchestrator.TreeNode
---@param parent orchestrator.tree.Node
---@return orchestrator.tree.Node
function Nodes:_node(said, parent)
  local known = self.by_id[said.nodeId]
  if known then
    known.said, known.text = said, nil
    return known
  end
  local node = { ---@type orchestrator.tree.Node
    id = said.nodeId,
    said = said,
    parent = parent,
    depth = parent.depth + 1,
    open = self:_was_open(said),
  }
  self.by_id[said.nodeId] = node
  return node
end

--- A page of children that was asked for.
---@param parent orchestrator.tree.Node
---@param offset integer from 0
---@param page orchestrator.TreeResult
function Nodes:put(parent, offset, page)
  local children = parent.children or {}
  parent.children = children
  for index = #children + 1, page.total do
    children[index] = false
  end
  for index, said in ipairs(page.nodes) do
    children[offset + index] = self:_node(said, parent)
  end
  self.seq = page.seq
end

---@param node orchestrator.tree.Node
function Nodes:_forget(node)
  self.by_id[node.id] = nil
  for _, child in ipairs(node.children or {}) do
    if child then
      self:_forget(child)
    end
  end
end

---@type table<string, fun(self: orchestrator.tree.Nodes, change: table)>
local changes = {
  insert = function(self, change)
    local parent = self:get(change.parentId)
    if not parent or not parent.children then
      return -- It will be asked for when its parent is opened.
    end
    local node = self:_node(change.node, parent)
    if node.open then
      node.children = {} -- What is below a new node follows, in changes of its own.
    end
    table.insert(parent.children, change.index + 1, node)
  end,
  remove = function(self, change)
    local node = self.by_id[change.nodeId]
    if not node then
      return
    end
    for index, child in ipairs(node.parent.children) do
      if child == node then
        table.remove(node.parent.children, index)
        break
      end
    end
    self:_forget(node)
  end,
  update = function(self, change)
    local node = self.by_id[change.node.nodeId]
    if node then
      node.said, node.text = change.node, nil
    end
  end,
}

--- Makes the changes of a delta.
---@param delta orchestrator.TreeChangedParams
---@return boolean whether they could be made; if not, the tree must be asked for again
function Nodes:apply(delta)
  if self.seq and delta.seq <= self.seq then
    return true
  elseif delta.seq ~= (self.seq or -1) + 1 then
    return false
  end
  for _, change in ipairs(delta.changes) do
    -- A removed node that nobody knows the place of stood in a hole: which one cannot be known.
    if change.op == 'remove' and not self.by_id[change.nodeId] and self:has_holes() then
      return false
    end
    changes[change.op](self, change)
  end
  self.seq = delta.seq
  return true
end

--- Whether some children of an open node are not known yet.
---@return boolean
function Nodes:has_holes()
  local function below(node)
    for _, child in ipairs(node.children or {}) do
      if not child or below(child) then
        return true
      end
    end
    return false
  end
  return below(self.root)
end

--- Opens or closes a node.
---@param node orchestrator.tree.Node
---@param open boolean
function Nodes:set_open(node, open)
  node.open = open
  node.text = nil
  if node.id then
    self.opened[node.id] = open
  end
end

---@class orchestrator.tree.Rows
---@field parents orchestrator.tree.Node[] of each row, from 1
---@field indexes integer[] its place among the children

--- What is to be shown, from top to bottom.
---@return orchestrator.tree.Rows
function Nodes:rows()
  local parents, indexes, count = {}, {}, 0
  local function add(node)
    local children = node.children
    if not children then
      return
    end
    for index = 1, #children do
      count = count + 1
      parents[count], indexes[count] = node, index
      local child = children[index]
      if child and child.open then
        add(child)
      end
    end
  end
  add(self.root)
  return { parents = parents, indexes = indexes }
end

---@param rows orchestrator.tree.Rows
---@param row integer from 1
---@return orchestrator.tree.Node? node nil: not known yet
function M.at(rows, row)
  local parent = rows.parents[row]
  local children = parent and parent.children
  return children and children[rows.indexes[row]] or nil
end

---@param rows orchestrator.tree.Rows
---@param node orchestrator.tree.Node
---@return integer? row from 1
function M.row_of(rows, node)
  for row = 1, #rows.parents do
    if rows.parents[row] == node.parent and M.at(rows, row) == node then
      return row
    end
  end
end

---@class orchestrator.tree.Wanted
---@field parent orchestrator.tree.Node
---@field offset integer

--- Pages that have to be asked for before these rows can be shown.
---@param rows orchestrator.tree.Rows
---@param first integer
---@param last integer
---@return orchestrator.tree.Wanted[]
function M.missing(rows, first, last)
  local wanted = {} ---@type orchestrator.tree.Wanted[]
  local seen = {} ---@type table<orchestrator.tree.Node, table<integer, true>>
  local function want(parent, offset)
    seen[parent] = seen[parent] or {}
    if not seen[parent][offset] then
      seen[parent][offset] = true
      wanted[#wanted + 1] = { parent = parent, offset = offset }
    end
  end
  for row = math.max(first, 1), math.min(last, #rows.parents) do
    local parent, index = rows.parents[row], rows.indexes[row]
    local node = M.at(rows, row)
    if not node then
      want(parent, math.floor((index - 1) / M.page) * M.page)
    elseif node.open and not node.children and node.said.childCount > 0 then
      want(node, 0)
    end
  end
  return wanted
end

return M
