"""What is to be expected of splitting a task, before anybody asked a model: the chance, the reason, the cost.

Apart from the decision itself, which asks a capable model where there is one: this is the classifier's word alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config import Settings
from orchestrator.engine.bills import money
from orchestrator.engine.classifier import verdict_of
from orchestrator.engine.expected import expected_of
from orchestrator.engine.experience import Experience, prior, remembered
from orchestrator.engine.routing import candidates
from orchestrator.model.message import Role
from orchestrator.model.usage import Cost
from orchestrator.providers.prices import Prices, own_prices
from orchestrator.store.store import Store

InThread = Callable[[Callable[[], float | None]], Awaitable[float | None]]


@dataclass(frozen=True, slots=True)
class Judge:
    """Made with everything loaded, so that it answers in milliseconds."""

    experience: Experience
    model: str
    """`provider/model` that would plan; empty where none can."""
    cost: Cost
    """Of a plan, in US dollars."""

    def say(self, title: str) -> str:
        """Empty without the embedding package."""
        chance = prior(title, self.experience)
        if chance is None:
            return ""
        reason = verdict_of(chance).reason
        price = f" A plan by {self.model}: {self._price()}." if self.model else ""
        return f"needed with a chance of {chance:.0%}. {reason}{price}"

    def _price(self) -> str:
        return money(self.cost) if self.cost is None or self.cost == 0 else f"about {money(self.cost)}"


async def judge_of(settings: Settings, config_folder: Path, store: Store | None, in_thread: InThread) -> Judge:
    """With the classifier loaded, which `in_thread` does as the edge wants it. Raises StoreError, ConfigError.

    Without a store nothing was learned yet.
    """
    experience = Experience() if store is None else await remembered(store, config_folder, Path())
    name = candidates(settings, Role.PLAN)[0]
    provider, _, model = name.partition("/")
    usage = await expected_of(store, provider, model)
    prices = Prices(own_prices(settings.prices))
    await in_thread(lambda: prior("Begin", experience))
    return Judge(experience, name, prices.cost(provider, model, usage))
