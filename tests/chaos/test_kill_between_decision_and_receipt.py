"""What arrives when the engine is killed at any step between the decision to tell and the receipt."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from receiver import receiving
from tocsin.core.outbox import Status

PROGRAM = Path(__file__).with_name("engine_killed.py")


def test_nothing_is_lost_and_a_duplicate_has_the_same_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the first engine was killed, a second one sees to it that problem and end arrive, in this order."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parents[1]))
    with receiving() as receiver:
        command = [sys.executable, "-W", "error", str(PROGRAM), str(tmp_path), receiver.url]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, "")

        killed = int(ended.stdout)
        before = Counter(request.json["title"].split()[0] for request in receiver.requests)
        program = runpy.run_path(str(PROGRAM))
        waiting = []
        for number in range(killed + 1):
            second = program["desk"](tmp_path / str(number), receiver.url)
            # The lease of the engine that was killed has run out.
            second.tick(minutes=10)
            waiting += [one for one in second.decided() if one.status is not Status.SENT]
            assert second.spool.waiting() == 0
            second.store.close()

    heard: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for request in receiver.requests:
        title = request.json["title"]
        heard[title.split()[0]].append((title, request.headers["webhook-id"]))
    # The hook sees the begin of each transaction, its statements and its commit.
    assert killed > 40
    assert waiting == []
    for number in range(killed + 1):
        name = f"p{number}"
        once = list(dict.fromkeys(heard[name]))
        assert [title for title, _ in once] == [f"{name} failed", f"{name} recovered after 1 min"]
        # One message at most was on its way when the engine was killed.
        assert len(heard[name]) - len(once) <= 1
    # The steps behind a hand-over are among those where it was killed: only there a duplicate can come from.
    assert before["p0"] == 0
    assert any(len(told) > 2 for told in heard.values())
