"""Maintenance, as the configuration names it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config
from tocsin.core.maintenance import maintained_by

#: Sunday, 03:30 in Berlin and 02:30 in UTC.
SUNDAY = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
PROD = {"environment": "prod", "pipeline": "orders"}
ENTRY = {"match": ["environment=prod"], "when": ["sun 03:00-04:00"], "reason": "the warehouse is upgraded"}


def config(*entries: dict[str, Any], **general: Any) -> Config:
    """Return the configuration with these entries."""
    values = {"tocsin": {**general, "maintenance": list(entries)}}
    return load([Layer(origin=".dlt/config.toml", values=values, secrets_allowed=False)], home=Path("/data"))


def test_an_entry_says_what_is_muted_and_when() -> None:
    """Windows are read in the zone of `[tocsin]`, and an entry has a name to be told by."""
    made = config(ENTRY, {**ENTRY, "name": "backups"}, timezone="Europe/Berlin")

    assert made.problems == ()
    first, second = made.maintenance
    assert (first.name, first.reason, second.name) == ("maintenance 1", "the warehouse is upgraded", "backups")
    assert maintained_by(PROD, made.maintenance, SUNDAY) == first
    assert maintained_by({"environment": "dev"}, made.maintenance, SUNDAY) is None
    assert maintained_by(PROD, config(ENTRY).maintenance, SUNDAY) is None


def test_maintenance_changes_with_the_first_of_its_windows() -> None:
    """Whoever waits for its end asks again when any of its windows opens or closes."""
    (made,) = config({**ENTRY, "when": ["sun", "02:00-03:00", "2020-01-01 00:00 to 2020-01-02 00:00"]}).maintenance
    (past,) = config({**ENTRY, "when": ["2020-01-01 00:00 to 2020-01-02 00:00"]}).maintenance

    assert made.changes_after(SUNDAY) == SUNDAY.replace(hour=3, minute=0)
    assert past.changes_after(SUNDAY) is None


def test_everything_is_muted_only_where_that_is_said() -> None:
    """An entry without a condition says so."""
    (made,) = config({"when": ["sun"], "everything": True}).maintenance

    assert made.covers({"pipeline": "anything"}, SUNDAY)


@pytest.mark.parametrize(
    ("entry", "remedy"),
    [
        ({"match": ["environment=prod"]}, '"when" is missing; write for example when = ["sun 02:00-04:00"]'),
        ({"when": ["sun"]}, "it would mute everything: no condition is given; write for example match = ['env"),
        ({"when": ["sun"], "match": ["pipeline=~.*"]}, 'would mute everything: pipeline=~".*" matches every alert; '),
        ({"when": ["sun"], "match": ["team=x", "pipeline=a"]}, "asks for the label 'team'"),
        ({"when": ["sun", "sunday evening"], "match": ["pipeline=a"]}, "'evening' is no time zone"),
    ],
)
def test_an_entry_that_cannot_be_used_mutes_nothing(entry: dict[str, Any], remedy: str) -> None:
    """The problem names its number and what to write; the other entries count."""
    made = config(ENTRY, entry)

    (problem,) = made.problems
    assert problem.key == "tocsin.maintenance[2]"
    assert remedy in problem.remedy
    assert [each.name for each in made.maintenance] == ["maintenance 1"]
