"""What is left of a silence after kill -9 at its beginning and at its end."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from made import at
from tocsin.core.notify import Reason

PROGRAM = Path(__file__).with_name("silences_killed.py")


def test_a_silence_outlives_its_process_and_its_end_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_store_url: Callable[[], str]
) -> None:
    """What was begun is there whatever happens next; an end is noticed and said together, or not yet at all."""
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parents[1]))
    first, *others = (new_store_url() for _ in range(40))
    command = [sys.executable, "-W", "error", str(PROGRAM), str(tmp_path), first, *others]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    begun, killed = ended.stdout.split("\n")
    program = runpy.run_path(str(PROGRAM))

    survivor = program["desk"](tmp_path / "begun", first)
    with survivor.store.reading() as tx:
        assert [silence.id for silence in tx.silences(at(0))] == [begun]
    survivor.store.close()

    seen = Counter[bool]()
    for number in range(int(killed) + 1):
        second = program["desk"](tmp_path / str(number), others[number])
        # Until the server has ended what was begun.
        with second.store.writing():
            pass
        second.now = at(20)
        with second.store.reading() as tx:
            waits = bool(tx.silences_to_close(at(20)))
        assert len([one for one in second.decided() if one.reason is Reason.SILENCE_ENDED]) == (0 if waits else 1)
        seen[waits] += 1
        second.tick()
        assert [title.split()[0] for title in sorted(second.heard("ops"))] == ["orders", "silence"]
        second.store.close()
    # Each step of the end is before its commit but for those behind it, where the child came through.
    assert seen[True] > 5
    assert seen[False] == 1
