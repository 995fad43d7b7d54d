"""Branches that are run by vendors' real SDKs, over real HTTP, at real prices.

Apart from `branches` because most tests of running need no vendor.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.branches import Branch
from tests.support.fault_server import Answer, FaultServer, Tokens

ANTHROPIC, OPENAI, HOUSE = "anthropic/claude-haiku-4-5", "openai/gpt-5-mini", "house/big"
BOTH = (ANTHROPIC, OPENAI)
KEYS = {"ANTHROPIC_API_KEY": "sk-ant-test-0123456789", "OPENAI_API_KEY": "sk-test-0123456789abcdef"}


def work(result: str = "It is done.", **more: Any) -> Answer:
    """A vendor's answer to an execution."""
    done = {"status": "done", "answer": result, "result": result, "question": ""}
    return Answer(json.dumps({**done, **more.pop("says", {})}), **{"chunk": 40, "tokens": Tokens(1_000, 400), **more})


def structured(value: Any, **more: Any) -> Answer:
    return Answer(json.dumps(value), **{"chunk": 40, "tokens": Tokens(1_000, 400), **more})


class HttpBranch(Branch):
    """As a branch, with no script: each model name leads to one of these servers."""

    def __init__(
        self,
        folder: Path,
        text: str,
        servers: FaultServer | dict[str, FaultServer],
        *answers: str,
        models: tuple[str, ...] = (ANTHROPIC,),
        **settings: Any,
    ) -> None:
        of = servers if isinstance(servers, dict) else dict.fromkeys(("anthropic", "openai", "house"), servers)
        options: dict[str, Any] = {
            "model": "",
            "environment": KEYS,
            "models": {alias: list(models) for alias in ("fast", "balanced", "strong")},
            "calls": {"concurrency": 8, "retries": 0, "timeout": 5.0},
            "endpoints": {"house": {"baseUrl": of["house"].openai}} if "house" in of else {},
            **settings,
        }
        if "anthropic" in of:
            options.setdefault("anthropic", {"baseUrl": of["anthropic"].anthropic})
        if "openai" in of:
            options.setdefault("openai", {"baseUrl": of["openai"].openai})
        super().__init__(folder, text, [], *answers, **options)
        for name, server in of.items():
            self.session.trust.consent(folder, name, server.host)
