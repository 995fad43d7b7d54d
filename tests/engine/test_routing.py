import asyncio
import dataclasses
import time
from pathlib import Path

import pytest

from orchestrator.config import Settings
from orchestrator.engine.routing import ALLOW, REFUSE, Asker, Router, candidates
from orchestrator.engine.trust import Trust
from orchestrator.errors import ConfigError, ConsentRequiredError, ProviderUnavailableError
from orchestrator.model.message import Role
from orchestrator.providers import registry
from orchestrator.providers.base import Availability, Capabilities
from orchestrator.providers.keys import Keys
from orchestrator.providers.scripted import ScriptedProvider
from tests.support.text_document import ScriptedPerson

HOUSE = {"endpoints": {"house": {"baseUrl": "https://models.example/v1"}}}


class Bench:
    def __init__(self, folder: Path, *answers: str, **settings: object) -> None:
        self.folder = folder
        self.person = ScriptedPerson(*answers)
        self.trust = Trust(folder / "trust.json")
        self.settings = Settings.model_validate(settings)
        self.router = Router(self.settings, Keys.load(folder / "config", {}), self.trust)

    async def route(self, model: str = "", *, consented: bool = False, role: Role = Role.PLAN) -> str:
        route = await self.router.route(role, Asker(self.folder, self.person, model, consented))
        await self.router.aclose()
        return route.name


async def test_no_consent_no_call(tmp_path):
    for answers in ((), (REFUSE,)):
        bench = Bench(tmp_path, *answers, model="house/big", **HOUSE)
        with pytest.raises(
            ConsentRequiredError, match=r"Nothing was sent.*models\.example.*orchestrator trust allow house"
        ):
            await bench.route()
        assert bench.router._providers == {}


async def test_consent_names_host_contents_and_cost_and_is_kept(tmp_path):
    bench = Bench(tmp_path, ALLOW, model="house/big", **HOUSE)
    assert await bench.route() == "house/big"
    (question,) = bench.person.questions
    for word in ("models.example", tmp_path.name, "task with its parents", "price of big is not known"):
        assert word in question.text
    assert question.choices[0] == REFUSE
    assert await bench.route() == "house/big"
    assert len(bench.person.questions) == 1


async def test_another_address_asks_again(tmp_path):
    await Bench(tmp_path, ALLOW, model="house/big", **HOUSE).route()
    moved = {"endpoints": {"house": {"baseUrl": "https://elsewhere.example/v1"}}}
    with pytest.raises(ConsentRequiredError):
        await Bench(tmp_path, model="house/big", **moved).route()


async def test_another_workspace_asks_again(tmp_path):
    await Bench(tmp_path, ALLOW, model="house/big", **HOUSE).route()
    bench = Bench(tmp_path, model="house/big", **HOUSE)
    with pytest.raises(ConsentRequiredError):
        await bench.router.route(Role.PLAN, Asker(tmp_path / "other", bench.person))


async def test_naming_the_model_for_a_call_is_consent_for_that_call_only(tmp_path):
    bench = Bench(tmp_path, **HOUSE)
    assert await bench.route("house/big", consented=True) == "house/big"
    with pytest.raises(ConsentRequiredError):
        await bench.route("house/big")


async def test_a_setting_is_not_consent(tmp_path):
    with pytest.raises(ConsentRequiredError):
        await Bench(tmp_path, model="house/big", **HOUSE).route(consented=True)


async def test_the_scripted_provider_needs_no_consent(tmp_path):
    bench = Bench(tmp_path, model="scripted/demo")
    assert await bench.route() == "scripted/demo"
    assert bench.person.questions == []


async def test_the_first_usable_model_of_an_alias_answers(tmp_path):
    bench = Bench(tmp_path, models={"balanced": ["anthropic/claude", "openai/gpt", "scripted/demo"]})
    assert await bench.route() == "scripted/demo"


async def test_tasks_that_start_together_look_once_whether_a_provider_can_be_used(tmp_path, monkeypatch):
    """A look may ask the keyring."""
    looks: list[str] = []

    def availability(_settings, _keys):
        looks.append("looked")
        time.sleep(0.01)  # in a thread of its own: all others have asked when it is over
        return Availability(True, "")

    bench = Bench(tmp_path, model="scripted/demo")
    spec = dataclasses.replace(registry.spec("scripted", bench.settings), availability=availability)
    monkeypatch.setattr(registry, "spec", lambda _name, _settings: spec)
    assert await asyncio.gather(*(bench.route() for _ in range(64))) == ["scripted/demo"] * 64
    assert looks == ["looked"]


async def test_when_none_is_usable_each_reason_and_the_first_mend_are_told(tmp_path):
    bench = Bench(tmp_path, models={"balanced": ["anthropic/claude", "openai/gpt"]})
    with pytest.raises(ProviderUnavailableError) as caught:
        await bench.route()
    text = str(caught.value)
    assert text.index("anthropic/claude") < text.index("openai/gpt")
    assert "orchestrator auth set anthropic" in text


async def test_a_guided_model_that_does_not_exist_is_refused(tmp_path, monkeypatch):
    """Its plan may come from a playbook alone, without the call that would notice."""
    monkeypatch.setattr(ScriptedProvider, "capabilities", Capabilities(guided=True))
    bench = Bench(tmp_path)
    assert await bench.route("scripted/demo") == "scripted/demo"
    with pytest.raises(ProviderUnavailableError, match=r"no model scripted/nope.*scripted/demo"):
        await bench.route("scripted/nope")


def test_candidates_follow_role_alias_setting_and_override():
    settings = Settings.model_validate({"models": {"fast": ["a/1"], "balanced": ["b/2", "b/3"], "strong": ["c/4"]}})
    assert candidates(settings, Role.DECIDE) == ("a/1",)
    assert candidates(settings, Role.PLAN) == ("b/2", "b/3")
    assert candidates(settings, Role.PLAN, "strong") == ("c/4",)
    assert candidates(settings, Role.PLAN, "d/5") == ("d/5",)
    assert candidates(settings.model_copy(update={"model": "e/6"}), Role.DECIDE) == ("e/6",)
    with pytest.raises(ConfigError, match="fast, balanced, strong"):
        candidates(settings, Role.PLAN, "gpt")
