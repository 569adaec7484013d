"""The docs tell what the code does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from inspect import cleandoc
from pathlib import Path

import pytest

from documents import blocks
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
def test_every_channel_has_its_page(name: str) -> None:
    """A channel is found from the list of all, and its page tells how it is set up."""
    assert f"| [{name}](channels/{name}.md) |" in (_DOCS / "channels.md").read_text(encoding="utf-8")
    page = (_DOCS / "channels" / f"{name}.md").read_text(encoding="utf-8")
    assert f"\n# {name}\n" in page
    assert "\n## How to set it up\n\n" in page


def test_a_page_without_a_channel_is_told(tmp_path: Path) -> None:
    """The page of a channel that was removed is found, and so is one that is missing or differs."""
    for folder in ("docs/channels", "tools"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "README.md").touch()
    for name in ("python_reference.py", "write_docs.py"):
        shutil.copy(_ROOT / "tools" / name, tmp_path / "tools")
    script = tmp_path / "tools/write_docs.py"
    pages = tmp_path / "docs/channels"

    def run(*arguments: str) -> list[str]:
        done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.stdout.splitlines()

    assert len(run()) == len(CHANNELS)
    assert run("--check") == []
    (pages / "pigeon.md").write_text("# pigeon\n", encoding="utf-8")
    (pages / "file.md").unlink()
    (pages / "slack.md").write_text("# slack\n", encoding="utf-8")
    told = [f"docs/channels/{name}.md is not up to date: run make docs" for name in ("file", "pigeon", "slack")]
    assert run("--check") == told
    run()
    assert sorted(page.stem for page in pages.iterdir()) == sorted(CHANNELS)


@pytest.mark.parametrize("name", CHANNELS)
def test_set_up_fits_into_the_page(name: str) -> None:
    """What a channel writes about its set-up has headings of the third level, and TOML that can be read."""
    text = cleandoc(CHANNELS[name].setup)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^##? .*", prose, re.MULTILINE) == []
    for block in blocks(text):
        assert block.language, block
        if block.language == "toml":
            tomllib.loads(block.text)


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
