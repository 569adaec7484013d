"""Each sample message in each format, as it was looked at."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sample_messages import SAMPLES
from slack_limits import complaints
from tocsin.channels.formats import block_kit
from tocsin.channels.formats.terminal import terminal
from tocsin.channels.formats.text import text

Golden = Callable[[str, str], None]
each_sample = pytest.mark.parametrize("name", SAMPLES)


@each_sample
def test_text(name: str, same_as_golden: Golden) -> None:
    """Plain text says all of a message without depending on a width."""
    same_as_golden(f"text/{name}.txt", text(SAMPLES[name]))


@each_sample
def test_terminal(name: str, same_as_golden: Golden) -> None:
    """A terminal shows labels in a column and values wrapped at 80 columns."""
    same_as_golden(f"terminal/{name}.txt", terminal(SAMPLES[name]))


def test_terminal_in_colour(same_as_golden: Golden) -> None:
    """Colour changes nothing but the colour."""
    same_as_golden("terminal/failed.ansi", terminal(SAMPLES["failed"], colour=True))


@each_sample
def test_block_kit(name: str, same_as_golden: Golden) -> None:
    """Slack gets a header, a bar of colour, one rich text and a footer, all within its limits."""
    payload = block_kit.payload(SAMPLES[name])
    same_as_golden(f"slack/{name}.json", json.dumps(payload, indent=1, ensure_ascii=False))
    assert complaints(payload) == []


@each_sample
def test_block_kit_in_short(name: str, same_as_golden: Golden) -> None:
    """A thread is told the title and the first facts; a refused message is resent as text."""
    forms = {"reply": block_kit.reply(SAMPLES[name]), "plain": block_kit.payload(SAMPLES[name], plain=True)}
    same_as_golden(f"slack/{name}.short.json", json.dumps(forms, indent=1, ensure_ascii=False))
    assert [complaints(form) for form in forms.values()] == [[], []]
