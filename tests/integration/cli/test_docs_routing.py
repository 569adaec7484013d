"""The page about routing tells what happens."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_project import Project

_PAGE = (Path(__file__).parents[3] / "docs" / "routing.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_BASE, *_EXAMPLES = [block for language, block in _BLOCKS if language == "toml"]
_SECRETS = """
[tocsin.channels.ops]
webhook_url = "https://hooks.slack.com/services/T0/B0/1"
[tocsin.channels.finance]
webhook_url = "https://hooks.slack.com/services/T0/B0/2"
[tocsin.channels.pager]
routing_key = "0123456789abcdef0123456789abcdef"
"""

pytestmark = pytest.mark.docs


def _commands() -> Iterator[tuple[str, str, str]]:
    """Yield each command with the example above it, and what the page shows of its output."""
    example = ""
    for language, block in _BLOCKS:
        if language == "toml":
            example = block
        else:
            command, _, printed = block.partition("\n")
            yield example, command, printed


@pytest.mark.parametrize("example", _EXAMPLES, ids=range(1, len(_EXAMPLES) + 1))
def test_every_example_is_a_good_configuration(project: Project, example: str) -> None:
    """It has no mistake, raises no doubt, and its expectations are met."""
    project.configure(_SECRETS, file="secrets.toml")
    project.configure(_BASE + example)

    (line,) = project.says("config", "check").splitlines()

    assert line.endswith(": all good")


@pytest.mark.parametrize(("example", "command", "printed"), list(_commands()))
def test_every_command_prints_what_the_page_shows(project: Project, example: str, command: str, printed: str) -> None:
    """It is typed where the example above it stands in the configuration; long lines are broken on the page."""
    project.configure(_SECRETS, file="secrets.toml")
    project.configure(_BASE + example)

    sign, program, *words = shlex.split(command)
    said = project.says(*words)

    assert (sign, program) == ("$", "tocsin")
    assert said.split() == printed.split()
