-- Run as `luacheck editors/neovim`.
std = 'luajit'
cache = false
max_line_length = 110
self = false
-- `vim` is the editor's; plugins write its option and variable tables.
globals = { 'vim' }
-- Generated from lsp/protocol.py: annotations only.
exclude_files = { '**/protocol.lua' }
