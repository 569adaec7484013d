"""What is silent while no server listens has not died of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from desk import Desk
from made import NOON, run
from tocsin.core.run import Outcome
from tocsin.engine.serving import Served, note_serving
from tocsin.store.protocol import Store

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "until", "heard", "silent"),
    [
        (-HOUR, -SECOND, -MINUTE, MINUTE),  # somebody has listened all the time
        (-10 * SECOND, -SECOND, -HOUR, 10 * SECOND),  # the server is back, and listens since then
        (-2 * HOUR, -10 * MINUTE, -12 * MINUTE, 2 * MINUTE),  # nobody listens now: time stands still
        (-5 * HOUR, -2 * HOUR, -MINUTE, MINUTE),  # there are no servers any more
    ],
)
def test_silence_counts_while_somebody_listens(
    since: timedelta, until: timedelta, heard: timedelta, silent: timedelta
) -> None:
    """How long a run was silent is told by the time in which a server could have heard it."""
    served = Served(since=NOON + since, until=NOON + until)
    assert served.silence(NOON + heard, NOON) == silent


def test_a_run_outlives_a_server_that_was_away(tmp_path: Path, new_store: Callable[[], Store]) -> None:
    """A run that goes on while the server is away is not taken for dead, and one that stays silent after that is."""
    desk = Desk(tmp_path, new_store(), "ops", died_after=MINUTE)
    alive = replace(run("r1"), outcome=Outcome.RUNNING, ended_at=None, cause=None, heartbeat_at=NOON)
    note_serving(desk.engine)
    desk.report(alive)
    assert desk.tick(minutes=20).died == 0
    note_serving(desk.engine)
    assert desk.tick(minutes=0.4).died == 0
    note_serving(desk.engine)
    assert desk.tick(minutes=0.4).died == 0
    note_serving(desk.engine)
    assert desk.tick(minutes=0.4).died == 1
