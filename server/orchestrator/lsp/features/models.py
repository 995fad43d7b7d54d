"""`orchestrator/models/list`: which models the settings name, and what each is asked for. No provider is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import ConfigError
from orchestrator.lsp.features import configuration
from orchestrator.lsp.protocol import AliasModels, ModelsListParams, ModelsListResult, RoleModels
from orchestrator.lsp.validation import validated
from orchestrator.model.message import Role

if TYPE_CHECKING:
    from orchestrator.config import Settings
    from orchestrator.lsp.server import Server


@validated(ModelsListParams)
async def listing(server: Server, params: ModelsListParams) -> ModelsListResult:  # noqa: ARG001 - as every feature
    """By the settings that the client is about to say, where it was asked for them."""
    await configuration.answered(server)
    settings = server.settings
    named = {"fast": settings.models.fast, "balanced": settings.models.balanced, "strong": settings.models.strong}
    return ModelsListResult(
        roles=[RoleModels(role=role.value, models=_models(settings, role)) for role in Role if role is not Role.TITLE],
        aliases=[AliasModels(name=name, models=list(models)) for name, models in named.items()],
    )


def _models(settings: Settings, role: Role) -> list[str]:
    """None where the settings name one that cannot be: whoever runs something is told."""
    from orchestrator.engine.routing import candidates

    try:
        return list(candidates(settings, role))
    except ConfigError:
        return []
