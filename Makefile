# Thin: what these do is defined in pyproject.toml and tests/.
.PHONY: try test lint bench dev generate vsix prepare clean

PYTHON ?= python3
WORKERS ?= auto
VENV := .venv
BIN := $(VENV)/bin
NODE_BIN := tests/support/node/node_modules/.bin

try: $(VENV)/.installed
	@$(BIN)/python examples/try.py

dev: $(VENV)/.installed-dev

# On all processors: most tests wait for a program that they started. `make test WORKERS=0` shows one after the other.
test: prepare
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal $(ARGS)

lint: prepare
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m codegen --check
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NODE_BIN)/stylua --config-path editors/neovim/stylua.toml --check editors/neovim tests/neovim
	cd editors/vscode && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent lint
	luacheck --quiet --config editors/neovim/.luacheckrc editors/neovim tests/neovim

# The extension for VS Code, as editors/vscode/orchestrator-VERSION.vsix.
vsix: prepare
	cd editors/vscode && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent package

# What the tests need beside Python packages; finds everything there the second time.
prepare: $(VENV)/.installed-dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/support/prepare.py

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks $(ARGS)

generate: $(VENV)/.installed-dev
	$(BIN)/python -m codegen

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Orchestrator needs Python 3.11 or later: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group lint --group test
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
