"""What the documentation has to show, and what of it is not executed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import click
import pytest

import tocsin
from documents import ROOT, SHOWN, Block, pages
from tocsin.channels.registry import CHANNELS
from tocsin.cli.main import cli

pytestmark = pytest.mark.docs

#: Why blocks are left out, and how many; a signature is no example.
_NOT_EXECUTED = {
    "Airflow is not installed with our tests": 3,
    "dbt and Elementary are not installed with our tests": 1,
    "in a folder of the checkout": 1,
    "it is a part of a DAG": 1,
    "it is a part of a program that is traced": 1,
    "make test-dagster installs what is pinned": 1,
    "make test-prefect installs what is pinned": 1,
    "needs a cluster": 1,
    "needs a container engine": 3,
    "needs systemd": 3,
    "settings of another machine": 2,
}
_NO = "not executed:"
_ALL = [(page.name, block) for page in pages() for block in page.blocks]


def _executed() -> Iterator[Block]:
    return (block for _, block in _ALL if block.executed or "executed by" in block.said)


def _command_lines(group: click.Group, words: str = "tocsin") -> Iterator[str]:
    """Yield every command as it is typed, without its own words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        line = f"{words} {name}"
        if isinstance(command, click.Group):
            yield from _command_lines(command, line)
        else:
            yield line


def test_what_is_not_executed_is_counted() -> None:
    """A block that nobody executes has a reason, and stands in the table above."""
    left_out = [(block.said[_NO], f"{name}:{block.line}") for name, block in _ALL if _NO in block.said]

    counted = Counter(reason for reason, _ in left_out if reason != "a signature")
    assert counted == _NOT_EXECUTED, "\n".join(f"{place}: {reason}" for reason, place in left_out)


def test_what_others_execute_is_executed_by_them() -> None:
    """A block that a test of its own executes names a file of tests that is there."""
    named = {block.said["executed by"] for _, block in _ALL if "executed by" in block.said}

    assert {path for path in named if not (ROOT / path).is_file()} == set()


def test_every_block_says_what_it_is() -> None:
    """There is no block of a language that is neither executed nor known to be shown."""
    known = {"bash", "console", "python", "setup", "sh", "toml", *SHOWN}

    assert [f"{name}:{block.line} {block.language}" for name, block in _ALL if block.language not in known] == []


@pytest.mark.parametrize("name", sorted(set(tocsin.__all__) - {"__version__"}))
def test_every_public_name_has_an_example(name: str) -> None:
    """Whoever looks for it finds code that works."""
    used = re.compile(rf"\btocsin\.{name}\b|\bfrom tocsin import .*\b{name}\b")

    assert any(used.search(block.text) for block in _executed())


@pytest.mark.parametrize("line", sorted(_command_lines(cli)))
def test_every_command_has_an_example(line: str) -> None:
    """Each is typed somewhere, with its words."""
    typed = re.compile(rf"(^|[\s|;&$(]){re.escape(line)}(\s|$|;)", re.MULTILINE)
    languages = {"bash", "console", "sh"}

    assert any(typed.search(block.text) for block in _executed() if block.language in languages)


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_channel_has_an_example(kind: str) -> None:
    """A channel of each type is set up on its page and gets a message."""
    page = [block for name, block in _ALL if name == f"docs/channels/{kind}.md" and block.executed]

    assert any(f'type = "{kind}"' in block.text for block in page)
    assert any("$ tocsin channel test" in block.text for block in page)
