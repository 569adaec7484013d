"""For how long things are kept, as settings say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config
from tocsin.config.retention import RETENTION
from tocsin.core.retention import Kept, Retention


def read(**given: object) -> Config:
    """Return the configuration with these settings of retention."""
    values = {"tocsin": {"retention": given}}
    return load([Layer(origin="config.toml", values=values, secrets_allowed=False)], home=Path("/home"))


def test_the_defaults_are_those_that_are_documented() -> None:
    """What the table of settings shows as default is what is in force."""
    documented = {setting.key: setting.read(setting.default) for setting in RETENTION}
    assert vars(Retention()) == documented == vars(read().retention)


def test_what_is_set_is_in_force() -> None:
    """Each kind of thing is kept for as long as its setting says."""
    kept = read(events="7d", runs="10000d", alerts="60d", messages="8w").retention
    ages = {kind: kept.of(kind).days for kind in Kept}
    assert {age for kind, age in ages.items() if kind in {Kept.EVENTS, Kept.REFUSED}} == {7}
    assert {age for kind, age in ages.items() if kind in {Kept.RUNS, Kept.SLOTS}} == {10_000}
    assert {age for kind, age in ages.items() if kind in {Kept.ALERTS, Kept.SILENCES}} == {60}
    assert {age for kind, age in ages.items() if kind in {Kept.NOTIFICATIONS, Kept.GROUPS}} == {56}


@pytest.mark.parametrize("wrong", ["6d", "0", "40000d", "1e400d", "9" * 400 + "d", "for ever", True])
def test_what_cannot_be_meant_is_told(wrong: object) -> None:
    """An age that is very short, very long or none is a problem that says what to write, and the default holds."""
    config = read(runs=wrong)
    assert config.retention == Retention()
    [problem] = config.problems
    assert problem.key == "tocsin.retention.runs"
    assert "400d" in problem.remedy or "not a length of time" in problem.remedy


def test_an_unknown_kind_is_told() -> None:
    """A key that is not known is a problem that names the one that was meant."""
    [problem] = read(run=timedelta(days=9)).problems
    assert "did you mean 'runs'?" in problem.remedy
