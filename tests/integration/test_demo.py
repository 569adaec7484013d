"""`tocsin demo`, as a person types it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tocsin.cli.commands.demo import command
from tocsin.cli.demo import performance
from tocsin.cli.demo.scenes import PARTS, Part, PlannedRun, Scene
from tocsin.cli.demo.source import API_KEY

TOCSIN = Path(sys.executable).with_name("tocsin")
#: What is told, in the order of the scenes.
TITLES = (
    "✕ orders failed",
    "✓ orders recovered after",
    "✕ customers failed",
    "✕ payments loaded only a part",
    "✖ stock died",
    "✕ invoices has not started",
    "blocks revenue",
    "✕ exports is stuck",
    "▲ events is late",
    "✓ exports recovered after",
    "✓ events recovered after",
)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings of a person that would break every run of the demo; nothing of theirs may be changed."""
    mine = [tmp_path / "work" / ".dlt" / "config.toml", tmp_path / "home" / ".dlt" / "config.toml"]
    for file in mine:
        file.parent.mkdir(parents=True)
        file.write_text("this is [no TOML")
    (tmp_path / "work" / "orders.py").write_text("raise SystemExit('the wrong orders.py')")
    (tmp_path / "temporary").mkdir()
    before = [*(tmp_path / "work").rglob("*"), *(tmp_path / "home").rglob("*")]
    yield {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "temporary"),
        "DLT_DATA_DIR": str(tmp_path / "home" / ".dlt"),
        "DLT_DISABLE_PLUGINS": "true",
        "TOCSIN__ENABLED": "false",
        "TOCSIN__HOME": str(tmp_path / "home" / "tocsin"),
        "RUNTIME__SLACK_INCOMING_HOOK": "http://127.0.0.1:9/services/T0/B0/mine",
        "RUNTIME__REQUEST_MAX_ATTEMPTS": "0",
    }
    assert [*(tmp_path / "work").rglob("*"), *(tmp_path / "home").rglob("*")] == before


def test_demo_tells_every_problem_once(settings: dict[str, str], tmp_path: Path) -> None:
    """All messages come, none besides, no setting of the person is used or changed, and nothing stays behind."""
    ended = subprocess.run(
        [TOCSIN, "demo"], cwd=tmp_path / "work", env=settings, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    story = ended.stdout
    places = [story.index(title) for title in TITLES]
    assert places == sorted(places)
    assert "11 runs, 12 messages" in story
    assert "✓ Every message came that had to come, and no other." in story
    assert "\x1b" not in story
    assert API_KEY not in story
    assert max(map(len, story.splitlines())) <= 80
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("reached", ["All is well", "An upstream fails"])
def test_stopped_demo_leaves_nothing_behind(settings: dict[str, str], tmp_path: Path, reached: str) -> None:
    """Ctrl-C in the middle ends the pipelines and the watcher, and removes the folder."""
    demo = subprocess.Popen(
        [TOCSIN, "demo"],
        cwd=tmp_path / "work",
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout is not None
    assert any(reached in line for line in demo.stdout)
    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate()

    assert (demo.returncode, errors.strip()) == (1, "Aborted!")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_message_that_should_not_come_fails_the_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A message where silence is expected makes the demo exit with 1 and say so; `--keep` names the folder."""
    [planned] = next(scene.runs for scene in PARTS[0].scenes if scene.runs[0].pipeline == "payments")
    quiet = PlannedRun(pipeline="payments", trouble=planned.trouble, exit_code=1)
    scene = Scene(title="Partial", before="It breaks.", after="You hear.", runs=(quiet,))
    part = Part(scenes=(scene,), pipelines=(frozenset({"payments"}),))
    monkeypatch.setattr(performance, "PARTS", (part,))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    ended = CliRunner().invoke(command, ["--keep"])

    assert ended.exit_code == 1
    said = " ".join(ended.output.split())
    assert "expected silence, but “✕ payments loaded only a part of its data” came" in said
    assert "payments: exit code 0, expected 1" in ended.output
    [folder] = tmp_path.glob("tocsin-demo-*")
    assert f"cd {folder} && DLT_DATA_DIR=data tocsin alerts" in ended.output
    assert (folder / "payments.py").is_file()


@pytest.mark.parametrize("missing", ["dlt", "duckdb"])
def test_demo_says_what_it_needs(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Without dlt or DuckDB the demo says what to install."""
    monkeypatch.setitem(sys.modules, missing, None)

    ended = CliRunner().invoke(command)

    assert ended.exit_code == 1
    assert f"but {missing} cannot be imported here" in ended.output
    assert 'Type: pip install "dlt[duckdb]"' in ended.output
