"""Times as people type them at a command."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import click
import pytest

from made import NOON, at
from tocsin.cli.times import end_of, read_moment


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this machine stand in Berlin."""
    monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A time of day is the next one in the zone of the machine, where it is 13:00.
        ("14:30", "2026-11-23T13:30"),
        ("13:00", "2026-11-24T12:00"),
        ("9:00", "2026-11-24T08:00"),
        ("2026-11-24 09:00", "2026-11-24T08:00"),
        # By then the clocks are set.
        ("2027-07-01 09:00", "2027-07-01T07:00"),
        ("2026-11-24T09:00+05:30", "2026-11-24T03:30"),
        ("2026-11-24T09:00Z", "2026-11-24T09:00"),
        ("2026-11-24", "2026-11-23T23:00"),
    ],
)
def test_a_moment_is_read_in_the_zone_of_the_machine(text: str, expected: str) -> None:
    """Unless it names a zone."""
    assert read_moment(text, "--until", NOON) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_an_end_is_a_length_or_a_moment() -> None:
    """A length counts from the beginning, which may lie ahead."""
    assert end_of("1h30m", None, start=at(10), now=NOON) == at(100)
    assert end_of(None, "14:30", start=at(10), now=NOON) == at(90)


@pytest.mark.parametrize(
    ("length", "until", "said"),
    [
        (None, None, "say how long: --for 2h, or --until 18:00"),
        ("2h", "14:00", "say how long: --for 2h, or --until 18:00"),
        ("two hours", None, '--for two hours: not a length of time; write for example "90s"'),
        ("9999999999d", None, "--for 9999999999d: "),
        ("0", None, "--for 0: that has passed already"),
        (None, "2026-11-23 12:59", "--until 2026-11-23 12:59: that has passed already"),
        (None, "tomorrow", '--until tomorrow: no moment; write for example "18:00"'),
        (None, "25:00", "--until 25:00: no moment"),
    ],
)
def test_what_is_no_end_is_refused(length: str | None, until: str | None, said: str) -> None:
    """The message names the option, what was typed and what to type."""
    with pytest.raises(click.UsageError) as caught:
        end_of(length, until, start=NOON, now=NOON)

    assert str(caught.value).startswith(said)
