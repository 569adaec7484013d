"""`[[tocsin.expect]]`: who is to hear of what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config

ALERT = ['pipeline="billing"']


def config(*entries: object) -> Config:
    """Return the configuration with these expectations."""
    channels = {name: {"type": "file", "path": name} for name in ("ops", "pager")}
    values = {"tocsin": {"channels": channels, "timezone": "Europe/Berlin", "expect": list(entries)}}
    return load([Layer(origin=".dlt/config.toml", values=values, secrets_allowed=False)], home=Path("/data"))


def test_an_entry_says_who_hears_of_what_and_when() -> None:
    """A label has one value, tags may have several; a time is in the zone of `[tocsin]`."""
    made = config(
        {
            "alert": [*ALERT, "severity=critical", "tags=money", "tags=daily"],
            "at": "2026-11-23 03:00",
            "reaches": "pager",
            "reaches_not": ["ops"],
            "within": "15m",
        }
    )

    assert made.problems == ()
    (one,) = made.expected
    assert one.labels == {"pipeline": "billing", "severity": "critical", "tags": ("money", "daily")}
    assert one.at == datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert (one.reaches, one.reaches_not, one.within) == (("pager",), ("ops",), timedelta(minutes=15))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("pager", "tocsin.expect[2]"),
        ({"alert": ALERT}, 'it says nothing of who hears; write for example reaches = ["ops"]'),
        ({"reaches": ["ops"]}, "an alert is about a pipeline or a channel; write for example alert = ['pipeline=\"ord"),
        ({"alert": [*ALERT, "channel=ops"], "reaches": ["ops"]}, "an alert is about a pipeline or a channel"),
        ({"alert": ["orders"], "reaches": ["ops"]}, "'orders' is not a condition; write for example"),
        ({"alert": ["topic=delivery"], "reaches": ["ops"]}, "asks for the label 'topic'; there are: pipeline"),
        (
            {"alert": ["pipeline=~b.*"], "reaches": ["ops"]},
            "'pipeline=~b.*' does not say what the problem is; write pip",
        ),
        (
            {"alert": [*ALERT, "pipeline=b"], "reaches": ["ops"]},
            "'pipeline=b' names a second pipeline; a problem has one",
        ),
        (
            {"alert": [*ALERT, "severity=warn"], "reaches": ["ops"]},
            "'severity=warn': the severity of a problem is one of",
        ),
        (
            {"alert": [*ALERT, "kind=recovered"], "reaches": ["ops"]},
            "'kind=recovered': the kind of a problem is one of",
        ),
        ({"alert": ALERT, "reaches": ["ops"], "at": "soon"}, "'soon' is no moment; write for example"),
        ({"alert": ALERT, "reaches": ["opps"]}, "= 'opps': no channel is called 'opps'; there are: ops, pager"),
        ({"alert": ALERT, "reaches_not": ["opps"]}, "= 'opps': no channel is called 'opps'; there are: ops, pager"),
        (
            {"alert": ALERT, "reaches": ["ops"], "within": "soon"},
            "expect[2].within = 'soon': not a length of time; write",
        ),
        ({"alert": ALERT, "reach": ["ops"]}, "unknown key; did you mean 'reaches'?"),
    ],
)
def test_an_entry_that_cannot_be_read_is_one_problem_and_not_judged(entry: object, said: str) -> None:
    """The problem names its number and what to write; the other entries count."""
    made = config({"alert": ALERT, "reaches": ["ops"]}, entry)

    (problem,) = made.problems
    assert problem.key.startswith("tocsin.expect[2]")
    assert said in str(problem)
    assert [one.key for one in made.expected] == ["tocsin.expect[1]"]
