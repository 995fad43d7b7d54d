from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace

import pytest

from orchestrator.model.record import record


class _Fields:
    """Written once, so that both kinds have the same."""

    name: str
    count: int = 1
    made: list[str] = field(default_factory=list)
    last: str | None = None


def _kind(decorate):
    namespace = {"__annotations__": _Fields.__annotations__, "__module__": __name__}
    namespace |= {name: vars(_Fields)[name] for name in ("count", "made", "last")}
    return decorate(type("Thing", (), namespace))


Quick, Standard = _kind(record), _kind(dataclass(frozen=True, slots=True))


@pytest.mark.parametrize(
    ("given", "named"),
    [(("a",), {}), (("a", 2), {"last": "z"}), ((), {"name": "a", "made": ["b"]}), (("a", 2, ["b"], "z"), {})],
)
def test_a_record_is_made_as_its_dataclass_would(given, named):
    quick, standard = Quick(*given, **named), Standard(*given, **named)
    assert asdict(quick) == asdict(standard)
    assert repr(quick) == repr(standard)
    assert quick == Quick(*given, **named)
    assert asdict(replace(quick, count=7)) == asdict(replace(standard, count=7))


@pytest.mark.parametrize(("given", "named"), [((), {}), (("a", 1, [], "", 5), {}), (("a",), {"surname": "b"})])
def test_what_its_dataclass_refuses_a_record_refuses_in_the_same_words(given, named):
    with pytest.raises(TypeError) as standard:
        Standard(*given, **named)
    with pytest.raises(TypeError) as quick:
        Quick(*given, **named)
    assert str(quick.value) == str(standard.value)


def test_each_record_has_a_default_of_its_own():
    first, second = Quick("a"), Quick("b")
    first.made.append("only here")
    assert second.made == []


def test_a_record_cannot_be_changed_and_holds_nothing_else():
    thing = Quick("a")
    with pytest.raises(FrozenInstanceError):
        thing.count = 2
    assert not hasattr(thing, "__dict__")
    assert [one.name for one in fields(thing)] == ["name", "count", "made", "last"]
    assert list(inspect.signature(Quick).parameters) == ["name", "count", "made", "last"]


def test_nothing_is_derived_from_a_record():
    with pytest.raises(TypeError, match="Thicker is derived from a record"):
        type("Thicker", (Quick,), {})
    with pytest.raises(TypeError, match="Deeper is derived from another class"):
        record(type("Deeper", (_Fields,), {}))
