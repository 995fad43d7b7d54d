"""Orchestrator: a Markdown task outline as work that language models do."""
