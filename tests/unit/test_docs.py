"""The docs tell what the code does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.channels.registry import CHANNELS
from tocsin.cli.main import COMMANDS
from tocsin.core.cause import CauseClass
from tocsin.core.finding import Kind

_ROOT = Path(__file__).parents[2]
_DOCS = _ROOT / "docs"

pytestmark = pytest.mark.docs


def test_generated_parts_are_up_to_date() -> None:
    """Settings, channels and commands stand in the docs as the code has them."""
    done = subprocess.run(
        [sys.executable, str(_ROOT / "tools/write_docs.py"), "--check"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_has_its_section(name: str) -> None:
    """A new channel is told in the docs."""
    assert f"## {name}\n" in (_DOCS / "channels.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_section(name: str) -> None:
    """A new command is told in the docs."""
    assert f"## tocsin {name}\n" in (_DOCS / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "word",
    [
        *(kind.value for kind in Kind if kind not in {Kind.RECOVERED, Kind.CHANNEL}),
        *(cause.value for cause in CauseClass),
    ],
)
def test_every_kind_and_cause_is_explained(word: str) -> None:
    """A reader of an alert finds its words in the docs."""
    assert f"| {word.replace('_', ' ')} |" in (_DOCS / "alerts.md").read_text(encoding="utf-8")
