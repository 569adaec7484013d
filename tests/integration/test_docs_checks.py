"""The page about checks tells what happens."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dlt_scripts import start, wait

_PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_TOLD = next(block for language, block in _BLOCKS if language == "text")
_COMMANDS = [block for language, block in _BLOCKS if language == "console"]
#: What differs between two executions: durations, moments and ids of runs.
_INCIDENTAL = re.compile(r"\d+\.\d s|\d+ \w+ \d{4} [\d:]+ UTC|run [0-9a-f]{8}")

pytestmark = pytest.mark.docs


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the page, after the load that it shows; channels write files in place of Slack."""
    folder = tmp_path_factory.mktemp("page") / "project"
    (folder / "checks").mkdir(parents=True)
    (folder / ".dlt").mkdir()
    blocks = dict(_BLOCKS)
    config = re.sub(
        r'channels\.([\w-]+)\]\ntype = "slack"', r'channels.\1]\ntype = "file"\npath = "\1.jsonl"', blocks["toml"]
    )
    (folder / ".dlt" / "config.toml").write_text(config)
    database = f'[destination.duckdb]\ncredentials = "{folder / "support.duckdb"}"\n'
    (folder / ".dlt" / "secrets.toml").write_text(database)
    (folder / blocks["sql"].splitlines()[0].removeprefix("-- ")).write_text(blocks["sql"])
    (folder / "support.py").write_text(_today(blocks["python"]))
    environment = {"TOCSIN__HANDOVER": "inline", "TOCSIN__BUDGET": "60s"}
    ended = wait(start(_today(blocks["python"]), folder, environment), folder)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    return folder


def _today(script: str) -> str:
    """Return the script with calls of today: whether they are fresh depends on the day."""
    return script.replace('"2026-11-23T', "__import__('datetime').date.today().isoformat() + \"T")


def test_the_message_is_what_the_owner_hears(project: Path) -> None:
    """Customer support hears what the page shows, but for durations and moments."""
    heard = [json.loads(line) for line in (project / "customer-support.jsonl").read_text().splitlines()]

    texts = [str(message["text"]) for message in heard if "call_has_customer" in message["title"]]
    assert _INCIDENTAL.sub("…", texts[0]).startswith(_INCIDENTAL.sub("…", _TOLD))


@pytest.mark.parametrize("block", _COMMANDS, ids=["run", "module"])
def test_every_command_prints_what_the_page_shows(project: Path, block: str) -> None:
    """Long lines are broken on the page."""
    command, _, printed = block.partition("\n")
    sign, program, *words = shlex.split(command)
    assert (sign, program) == ("$", "tocsin")

    done = subprocess.run(
        [sys.executable, "-c", "from tocsin.cli.main import main; main()", *words],
        cwd=project,
        env={"HOME": str(project), "DLT_DATA_DIR": str(project / "dlt"), "TOCSIN__HOME": str(project / "tocsin")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1 if " error " in printed else 0, "")
    assert _INCIDENTAL.sub("…", done.stdout).split() == _INCIDENTAL.sub("…", printed).split()
