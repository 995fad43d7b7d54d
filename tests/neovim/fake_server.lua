--- A language server inside Neovim that does exactly what a test says.
---
--- Apart from the real one because edges (an answer that comes late, a server that dies between two messages)
--- can be put there, and nowhere else, at will.

local Fake = {}
Fake.__index = Fake

local fake = setmetatable({
  requests = {}, -- { method, params } in order, notifications included
  answers = {}, -- method to a function of the params that gives the result, or throws an error table
  encoding = 'utf-8',
  protocol = 1,
}, Fake)

function Fake:cmd(dispatchers)
  self.dispatchers = dispatchers
  self.closing = false
  return {
    request = function(method, params, callback, after)
      table.insert(self.requests, { method, params })
      local answer = self.answers[method]
      local ok, result = true, {}
      if method == 'initialize' then
        result = {
          capabilities = {
            positionEncoding = self.encoding,
            textDocumentSync = { openClose = true, change = 2 },
            experimental = { orchestrator = { protocol = self.protocol, version = '0' } },
          },
        }
      elseif answer then
        ok, result = pcall(answer, params)
      end
      local id = #self.requests
      vim.schedule(function()
        if after then
          after(id)
        end
        if ok then
          callback(nil, result)
        else
          callback(result, nil)
        end
      end)
      return true, id
    end,
    notify = function(method, params)
      table.insert(self.requests, { method, params })
      if method == 'exit' then
        self:exit(0, 0)
      end
      return not self.closing
    end,
    is_closing = function()
      return self.closing
    end,
    terminate = function()
      self:exit(0, 15)
    end,
  }
end

--- Sends a notification.
function Fake:tell(method, params)
  self.dispatchers.notification(method, params)
end

--- Sends a request and answers what the client says.
function Fake:ask(method, params)
  return self.dispatchers.server_request(method, params)
end

function Fake:exit(code, signal)
  self.closing = true
  self.dispatchers.on_exit(code, signal)
end

--- What was sent by this method, the newest first.
function Fake:sent(method)
  local found = {}
  for _, request in ipairs(self.requests) do
    if request[1] == method then
      table.insert(found, 1, request[2])
    end
  end
  return found
end

--- The version of the text that the client has announced.
function Fake:version()
  local newest = 0
  for _, request in ipairs(self.requests) do
    if request[1] == 'textDocument/didChange' or request[1] == 'textDocument/didOpen' then
      newest = request[2].textDocument.version
    end
  end
  return newest
end

_G.fake = fake
vim.lsp.config('orchestrator', {
  root_dir = vim.env.HOME,
  cmd = function(dispatchers)
    return fake:cmd(dispatchers)
  end,
})
