"""`orchestrator models`: which models can be used, and what mends the others; `models pull NAME` fetches weights."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.surroundings import Surroundings, current_folder, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.model.safe_text import one_line
from orchestrator.providers import registry
from orchestrator.providers.base import Availability, Destination, ModelListing, ProviderSpec
from orchestrator.providers.weights import PullProgress, known, present, pull

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions")
    pulling = actions.add_parser("pull", help="fetch the weights of an embedded model")
    which = "smollm2 (the default) or qwen2.5-0.5b"
    pulling.add_argument("name", metavar="NAME", nargs="?", default="smollm2", help=which)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    around = surroundings(arguments, terminal, current_folder())
    if arguments.action == "pull":
        return _pull(terminal, around, arguments.name, as_json=arguments.json)
    settings, keys = around.configuration.settings, around.keys()
    found = [
        (spec, spec.availability(settings, keys), spec.destination(settings, keys), spec.models(settings, keys))
        for spec in registry.specs(settings)
    ]
    if arguments.json:
        providers = [_as_json(*entry) for entry in found]
        terminal.result(json.dumps({"schema": SCHEMA, "providers": providers}, indent=2))
        return ExitCode.OK
    for entry in found:
        _show(terminal, *entry)
    _show_roles(terminal, around)
    return ExitCode.OK


def _as_json(
    spec: ProviderSpec, availability: Availability, destination: Destination, models: tuple[ModelListing, ...]
) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": spec.title,
        "usable": availability.usable,
        "detail": availability.detail,
        "mend": availability.mend,
        "host": destination.host,
        "hostSource": destination.source,
        "models": [{"model": listing.model, "note": listing.note} for listing in models],
    }


def _show(
    terminal: Terminal,
    spec: ProviderSpec,
    availability: Availability,
    destination: Destination,
    models: tuple[ModelListing, ...],
) -> None:
    state = "usable" if availability.usable else "not usable"
    terminal.result(f"{one_line(spec.title)}: {state}, {one_line(availability.detail)}", "strong")
    if availability.mend:
        terminal.result(f"  mend it with: {one_line(availability.mend)}", "warning")
    if destination.remote:
        terminal.result(f"  sends to {one_line(destination.host)} (address from: {one_line(destination.source)})")
    width = max((len(listing.model) for listing in models), default=0)
    for listing in models:
        terminal.result(f"  {one_line(listing.model):{width}}  {one_line(listing.note)}".rstrip())


def _show_roles(terminal: Terminal, around: Surroundings) -> None:
    settings = around.configuration.settings
    if settings.model:
        terminal.say(f"Every role asks {one_line(settings.model)} (setting model).")
        return
    for role in ("decide", "plan"):
        alias: str = getattr(settings.roles, role)
        names = ", else ".join(getattr(settings.models, alias))
        terminal.say(f"{role}: {alias}, which is {one_line(names)}")


def _pull(terminal: Terminal, around: Surroundings, name: str, *, as_json: bool) -> int:
    model = known(name)
    if not present(model, around.directories):
        terminal.say(f"{model.title} ({model.licence}), {_megabytes(model.size)}")
    told = ""

    def show(progress: PullProgress) -> None:
        nonlocal told
        if progress.stage != told:
            told = progress.stage
            terminal.say(f"{progress.stage} …")
        share = f"{progress.done * 100 // progress.total} %" if progress.total else ""
        terminal.status(f"{progress.stage} {_megabytes(progress.done)} {share}".rstrip())

    path = asyncio.run(pull(name, around.directories, show))
    shown = {"schema": SCHEMA, "model": f"local/{name}", "path": str(path)}
    terminal.result(json.dumps(shown) if as_json else f"local/{name} is ready: {one_line(str(path))}")
    return ExitCode.OK


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
