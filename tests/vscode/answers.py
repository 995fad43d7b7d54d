"""What the scripted model says in the window."""

from __future__ import annotations

from typing import Any

DECIDE = {
    "when": {"schema": "decide"},
    "answer": {"verdict": "DECOMPOSE", "reason": "It is several things."},
    "repeat": True,
}


def plan(*titles: str, contains: str | None = None, **more: Any) -> dict[str, Any]:
    tasks: list[dict[str, Any]] = [
        {"title": title, "description": f"About {title.lower()}.", "acceptance": "it is there", "dependsOn": []}
        for title in titles
    ]
    when = {"schema": "plan", "contains": contains}
    return {"when": when, "answer": {"ordered": True, "tasks": tasks}, "repeat": True, **more}


def says(text: str, contains: str, **more: Any) -> dict[str, Any]:
    """In a conversation."""
    return {"when": {"schema": "", "contains": contains}, "answer": text, **more}
