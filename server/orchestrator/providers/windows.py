"""How many tokens a model can read at once, as far as somebody says.

Apart from the prices because another question is answered, from the same table.
"""

from __future__ import annotations

from orchestrator.config import Settings
from orchestrator.providers.prices import PRICED


def window(provider: str, model: str, settings: Settings) -> int | None:
    """Tokens of a request and its answer together; None when nobody knows. Slow at first: it reads a table."""
    if provider == "local":
        return settings.local.context
    if provider not in PRICED:
        return None
    from genai_prices import data_snapshot

    try:
        _, found = data_snapshot.get_snapshot().find_provider_model(model, None, provider, None)
    except (LookupError, ValueError):
        return None
    return found.context_window
