"""Processes that end without a word, and what is said of their ends: nobody but their parents is told."""

from __future__ import annotations

import platform
import re
import subprocess
import time
from pathlib import Path

import pytest

from dlt_scripts import start
from tocsin.core.run import Outcome, Run, Stage
from tocsin.store.open import open_store
from typed_process import TypedProcess, wait_until

_PATIENCE = 60
_RELEASE = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
#: PIDFD_INFO_EXIT. Before, the status can be read only until the parent has asked for it.
_KERNEL_REMEMBERS = pytest.mark.skipif(_RELEASE < (6, 15), reason="Linux tells the status of the past since 6.15")

_SCRIPT = """
import ctypes, os, signal, time, dlt

@dlt.resource
def orders():
    yield {{"id": 1}}
    {end}

dlt.pipeline("orders", destination="duckdb", dataset_name="shop").run(orders)
"""

_ENDS = [
    ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    ("ctypes.string_at(0)", "SIGSEGV"),
    ("os._exit(3)", "exit code 3"),
]


def _start(end: str, folder: Path) -> subprocess.Popen[str]:
    return start(_SCRIPT.format(end=end), folder, {"TOCSIN__HANDOVER": "spawn"})


def _told(folder: Path) -> Run:
    """Wait until the companion has told the end of the run."""
    database = folder / "tocsin" / "tocsin.db"
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if database.exists():
            store = open_store(f"sqlite:///{database}")
            with store.reading() as tx:
                runs = tx.runs(outcomes={Outcome.DIED}, limit=1)
            store.close()
            if runs:
                return runs[0]
        time.sleep(0.1)
    raise TimeoutError(f"nobody told the end of the run in {folder}")


@_KERNEL_REMEMBERS
@pytest.mark.parametrize(("end", "ended_by"), [*_ENDS, ("os._exit(0)", "exit code 0")])
def test_end_that_the_parent_has_seen(tmp_path: Path, end: str, ended_by: str) -> None:
    """Signal or exit code are told although the parent has taken note of the end at once, as a shell does."""
    with _start(end, tmp_path) as process:
        process.communicate()
    run = _told(tmp_path)

    assert (run.pipeline, run.stage, run.ended_by) == ("orders", Stage.EXTRACT, ended_by)


@pytest.mark.parametrize(("end", "ended_by"), _ENDS)
def test_end_that_nobody_has_seen(tmp_path: Path, end: str, ended_by: str) -> None:
    """Signal or exit code are told while the parent has not taken note of the end."""
    with _start(end, tmp_path):
        run = _told(tmp_path)

    assert run.ended_by == ended_by


def test_end_that_a_watcher_has_seen_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher that looks all the time leaves the end to the companion, which alone knows the signal."""
    monkeypatch.setenv("TOCSIN__HOME", str(tmp_path / "tocsin"))
    with TypedProcess("watch", "--every", "1s", folder=tmp_path) as watch:
        watch.says("watching")
        with _start("open('going', 'w').close(); time.sleep(600)", tmp_path) as process:
            wait_until(lambda: (tmp_path / "going").exists() and b"1 event" in watch.out, "a run that goes on")
            process.kill()
            run = _told(tmp_path)

        assert run.ended_by == "SIGKILL"
        assert b"died" not in watch.out
