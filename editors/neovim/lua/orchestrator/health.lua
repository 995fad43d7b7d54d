--- `:checkhealth orchestrator`.
---
--- What the editor can know is checked here; models and keys are asked of `orchestrator doctor --json`.

local options = require('orchestrator.options')
local server = require('orchestrator.server')

local M = {}
