--- What an outline has beyond what its server says: ids that can be concealed, and the keys `gO` and `gd`.
---
--- Apart from the server because nothing is asked here. Only lines that are drawn are looked at.
---
--- Invariant: a `gd` of the user is left alone (test_gd_goes_to_the_task_and_is_the_users_first).
--- Invariant: ids are concealed where 'conceallevel' says so, and the text stays (test_ids_are_concealed).

local highlights = require('orchestrator.highlights')

local M = {}

local namespace = vim.api.nvim_create_namespace('orchestrator.ids')

--- Where an id starts in the first line of a task, with the blanks before it, from 0.
---@param line string
---@return integer?
local function id_start(line)
  if not line:find('^%s*[-*+]%s+%[.%]') and not line:find('^%s*%d+[.)]%s+%[.%]') then
    return nil
  end
  local start = line:match('()%s+%^[%w-]+%s*$')
  return start and start - 1
end

--- Reads a buffer whose name is an address of the server: a chat again, or a document that is in no file.
---@param event { buf: integer, match: string }
local function read(event)
  if vim.b[event.buf].orchestrator_chat then
    require('orchestrator.chat').read_again(event.buf)
    return
  end
  local client = vim.lsp.get_clients({ name = 'orchestrator' })[1]
  if not client or not event.match:match('^orchestrator:/[^/]') then
    return
  end
  local outline = next(client.attached_buffers)
  require('orchestrator.server').request(
    outline,
    'orchestrator/document',
    { uri = event.match },
    function(document)
      if vim.api.nvim_buf_is_loaded(event.buf) then
        vim.bo[event.buf].buftype = 'nofile'
        vim.bo[event.buf].modifiable = true
        vim.api.nvim_buf_set_lines(event.buf, 0, -1, false, vim.split(document.text, '\n', { plain = true }))
        vim.bo[event.buf].modifiable = false
        vim.bo[event.buf].filetype = 'markdown'
      end
    end
  )
end

local provided = false

--- Conceals ids while lines are drawn, wherever 'conceallevel' is set.
function M.provide()
  highlights.define()
  if provided then
    return
  end
  provided = true
  vim.api.nvim_create_autocmd('BufReadCmd', {
    group = vim.api.nvim_create_augroup('orchestrator.documents', {}),
    pattern = 'orchestrator:/*',
    callback = read,
  })
  vim.api.nvim_set_decoration_provider(namespace, {
    on_win = function(_, window, buffer)
      return vim.b[buffer].orchestrator_attached == true and vim.wo[window].conceallevel > 0
    end,
    on_line = function(_, _, buffer, row)
      local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
      local start = id_start(line)
      if start then
        vim.api.nvim_buf_set_extmark(buffer, namespace, row, start, {
          end_col = #line,
          conceal = '',
          ephemeral = true,
        })
      end
    end,
  })
end

--- A server is attached to the buffer.
---@param buffer integer
function M.to(buffer)
  M.provide()
  vim.b[buffer].orchestrator_attached = true
  -- Neovim's file type plugin lists the headings; its client, whose map this one hides, the tasks as well.
  for _, map in ipairs(vim.api.nvim_buf_get_keymap(buffer, 'n')) do
    if map.lhs == 'gO' and map.desc == 'Show an Outline of the current buffer' then
      vim.api.nvim_buf_del_keymap(buffer, 'n', 'gO')
    end
  end
  -- Neovim's own `gd` looks for a word's declaration, of which Markdown has none.
  local taken = vim.api.nvim_buf_call(buffer, function()
    return vim.fn.maparg('gd', 'n') ~= ''
  end)
  if not taken then
    local description = 'Go to the task that an id names'
    vim.keymap.set('n', 'gd', vim.lsp.buf.definition, { buffer = buffer, desc = description })
  end
end

return M
