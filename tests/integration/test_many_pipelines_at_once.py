"""Eight programs that end at the same moment on one SQLite file."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import pytest

from companions import Program, programs, until
from tocsin.core.outbox import Status
from tocsin.core.run import Outcome
from tocsin.store.sqlite import SqliteStore

PROCESSES = 8

#: Half of the programs fail. All of them end one run, wait for each other, and end two more at once.
SOURCE = """\
fails = {fails}
for turn in range(3):
    with contextlib.suppress(ValueError), tocsin.watch("job{number}"):
        if turn == 1:
            open("ready", "w").close()
            go()
        if fails:
            raise ValueError
"""


@pytest.mark.parametrize("handover", ["spawn", "inline"])
def test_no_event_is_lost(tmp_path: Path, handover: str) -> None:
    """Each run is in the store with its end, each problem is told, and nothing is left in the spool."""
    home = tmp_path / "home"
    with contextlib.ExitStack() as stack:
        all_of_them = [stack.enter_context(programs(tmp_path / str(number))) for number in range(PROCESSES)]
        for number, program in enumerate(all_of_them):
            source = SOURCE.format(fails=number % 2 == 0, number=number)
            # All have the same channel, as programs of one project do.
            settings = {"TOCSIN__CHANNELS__HOOK__URL": all_of_them[0].receiver.url, "TOCSIN__HOME": str(home)}
            program.start(source, settings | {"TOCSIN__HANDOVER": handover, "TOCSIN__BUDGET": "60s"})
        until(lambda: all((program.folder / "ready").exists() for program in all_of_them))
        for program in all_of_them:
            program.go()
        for program in all_of_them:
            ended = program.end()
            assert (ended.code, ended.out, ended.err) == (0, "", "")
        until(lambda: not any(map(Program.companions, all_of_them)))
        told = Counter(all_of_them[0].titles())

    store = SqliteStore(home / "tocsin.db")
    with store.reading() as tx:
        ends = Counter((run.pipeline, run.outcome) for run in tx.runs(limit=1000))
        alerts = {alert.subject: alert.occurrences for alert in tx.alerts()}
        undone = [one for one in tx.notifications(limit=1000) if one.status is Status.WAITING]
    store.close()
    outcomes = [Outcome.FAILED if number % 2 == 0 else Outcome.SUCCEEDED for number in range(PROCESSES)]
    assert ends == {(f"job{number}", outcome): 3 for number, outcome in enumerate(outcomes)}
    assert alerts == {f"job{number}": 3 for number in range(0, PROCESSES, 2)}
    assert told == {f"job{number} failed": 1 for number in range(0, PROCESSES, 2)}
    assert (undone, list((home / "spool").glob("*.json"))) == ([], [])
    assert not (home / "spool" / "rejected").exists()
