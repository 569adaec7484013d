"""A program that lets an engine live through a story, and kills it at every step and every line of one act of it.

Each death happens in a world of its own: folder and store as they were before the act, where the act is done by a
child that is killed. Then another engine does the act again, and lives through the end of the story. In the first of
these worlds nobody was killed.

Usage: engine_killed.py FOLDER STORE URL ACT. "{home}" in STORE is the home of the engine. Messages go to URL/story-N
for the acts N before this one, and to URL/WORLD from then on. Prints one JSON object a line for each world that was
played to its end, and one about all of them.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from desk import Desk, channel, event
from killing import Line, at_every_line, count_hand_overs, die_at_line, die_at_step, in_child, no_wait_for_the_disk
from made import at, good_run, run
from stage import Stage
from tocsin.config.model import PipelineConfig
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.outbox import Status
from tocsin.core.policy import Policy, Step
from tocsin.core.route import LABELS, Route
from tocsin.core.run import Run
from tocsin.engine.act import acknowledge_alert, snooze_alert
from tocsin.engine.silences import add_silence
from tocsin.store.protocol import Store

#: shop9 has another owner, and so a group of its own; "lost" goes to a channel that refuses everything.
ALL = ("shop1", "shop2", "shop3", "shop9", "solo", "lost", "quiet")
SILENCED_UNTIL = at(40)
#: Of so many steps one is a death; other ones in each act. TOCSIN_CHAOS_EVERY_STEP=1 makes it all of them.
ALL_STEPS = bool(os.environ.get("TOCSIN_CHAOS_EVERY_STEP"))
SOME = {"sqlite": 1, "postgresql": 1} if ALL_STEPS else {"sqlite": 3, "postgresql": 10}


def failed(*names: str, ended: float) -> list[Run]:
    """Return a failed run of each of these pipelines."""
    return [run(f"{name}-{ended}", pipeline=name, ended=ended) for name in names]


def well(*names: str, ended: float) -> list[Run]:
    """Return a good run of each of these pipelines."""
    return [good_run(f"{name}-{ended}", pipeline=name, ended=ended) for name in names]


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that happens to an engine at one moment."""

    name: str
    #: Minutes after noon.
    minute: float
    #: What pipelines have reported before.
    reports: Iterable[Run] = ()
    #: What somebody types before the tick; who does not see it done types it again.
    command: Callable[[Desk], object] = lambda _: None

    def begin(self, house: Desk) -> Desk:
        """Report what has happened."""
        for each in self.reports:
            house.spool.put(event(each))
        return house

    def play(self, house: Desk) -> None:
        """Let the engine work, once or once more."""
        house.now = at(self.minute)
        self.command(house)
        house.tick()


def _silence(house: Desk) -> None:
    """Silence a pipeline, unless that is done."""
    with house.store.reading() as tx:
        if tx.silences(house.now):
            return
    add_silence(
        house.engine, _pipelines("quiet"), starts_at=at(0), ends_at=SILENCED_UNTIL, reason="moving", author="ann"
    )


def _take_care(house: Desk) -> None:
    """Put one problem off, and acknowledge another."""
    snooze_alert(house.engine, "solo", until=at(60), by="ann")
    acknowledge_alert(house.engine, "shop1", by="ann")


STORY = (
    Act(name="a silence", minute=0, command=_silence),
    Act(name="problems", minute=1, reports=failed("shop1", "shop2", "shop9", "solo", "lost", "quiet", ended=1)),
    Act(name="the groups are told", minute=2),
    Act(name="a group is told again", minute=8, reports=failed("shop3", ended=7)),
    Act(name="escalation", minute=25),
    Act(name="the groups of the escalation", minute=26),
    Act(name="a snooze and an acknowledgement", minute=31, command=_take_care),
    Act(name="the end of the silence", minute=41),
    Act(name="the end of the snooze", minute=61),
    Act(name="repeats", minute=300),
    Act(name="all is well", minute=301, reports=well(*ALL, ended=301)),
    Act(name="the groups are over", minute=307),
)


class Theatre:
    """Lets engines play an act of the story, be killed in it, and be followed by others."""

    def __init__(self, stage: Stage, url: str, number: int) -> None:
        """Play the story up to this act, and keep what it leaves."""
        self._stage = stage
        self._url = url
        self._act = STORY[number]
        self._end = STORY[max(number + 1, len(STORY) - 2) :]
        self._taken = count_hand_overs()
        #: How many engines were killed.
        self.killed = 0
        #: Lines that were passed before, or that an engine has died at.
        self.spared: set[Line] = set()
        at_every_line(self.spared.add)
        for index, act in enumerate(STORY[:number]):
            act.play(act.begin(self._desk(f"story-{index}")))
        at_every_line(lambda _: None)
        self._act.begin(self._desk("story"))
        self._stage.keep()
        self._taken[0] = 0
        self._untouched = self._left()
        #: What deaths have left that somebody has gone on with.
        self._seen: set[str] = set()

    def kill_at_step(self, number: int) -> bool:
        """Kill an engine before a step of the act; False if the act has no such step."""
        return self.kill(f"step-{number}", partial(die_at_step, number))

    def kill_at_line(self, _number: int) -> bool:
        """Kill an engine at the first line where none has died; False if there is none."""
        reader, writer = os.pipe()
        killed = self.kill(f"line-{len(self.spared)}", partial(die_at_line, self.spared, writer))
        os.close(writer)
        with os.fdopen(reader) as last_words:
            self.spared |= {(module, line) for module, line in map(json.loads, last_words)}
        return killed

    def kill(self, world: str, prepare: Callable[[], None]) -> bool:
        """Let a child play the act and die of what it has prepared, and another engine go on; False if none died.

        What happens next follows from what is left: where that was seen before, it is not played again.
        """
        self._taken[0] = 0
        killed = in_child(lambda: self._play(world, prepare))
        left = self._left()
        new = left not in self._seen
        if new:
            self._seen.add(left)
            if killed:
                self._play(world)
            self._play_end(world)
        if new or left != self._untouched:
            self._stage.put_back()
        self.killed += killed
        return killed

    def _left(self) -> str:
        """Return all that there is after a kill: what was told, what is written, and what waits to be taken in.

        The names that differ from one engine to the next are left out.
        """
        self._stage.settle()
        house = self._desk("")
        with self._stage.store.reading() as tx:
            written = (
                [replace(one, lease_owner=None) for one in house.decided()],
                tx.alerts(limit=1000),
                tx.due_groups(at(10_000)),
                [replace(one, id="") for one in tx.all_silences(limit=1000)],
                [replace(tx.channel_state(name), settings_hash="") for name in house.engine.outlets],
            )
        return repr((self._taken[0], sorted(path.name for path, _ in house.spool.read()), written))

    def _play_end(self, world: str) -> None:
        house = self._desk(world)
        for act in self._end:
            act.play(act.begin(house))
        while (due := house.next_due()) is not None:
            house.now = max(house.now, due)
            house.tick()
        waiting = [one.id for one in house.decided() if one.status is Status.WAITING]
        sys.stdout.write(json.dumps({"world": world, "waiting": waiting, "spool": house.spool.waiting()}) + "\n")

    def _play(self, world: str, prepare: Callable[[], None] = lambda: None) -> Desk:
        house = self._desk(world)
        prepare()
        self._act.play(house)
        return house

    def _desk(self, path: str) -> Desk:
        return desk(self._stage.home, self._stage.store, f"{self._url}/{path}")


def main() -> None:
    """Kill an engine at steps of the act, and, with a file, at every line that the act is the first to pass.

    In PostgreSQL a world takes several times as long.
    """
    folder, store, url, act = sys.argv[1:]
    theatre = Theatre(Stage(Path(folder), store), url, int(act))
    theatre.kill("undisturbed", lambda: None)
    some = SOME["sqlite" if store.startswith("sqlite") else "postgresql"]
    lines = [(theatre.kill_at_line, 0, 1)] if store.startswith("sqlite") else []
    kills = ((theatre.kill_at_step, int(act) % some, some), *lines)
    for kill, first, step in kills:
        for number in itertools.count(first, step):
            if not kill(number):
                break
    sys.stdout.write(json.dumps({"killed": theatre.killed, "lines": sorted(theatre.spared)}) + "\n")


def desk(folder: Path, store: Store, url: str) -> Desk:
    """Return an engine."""
    escalating = Policy(group_by=("owner",), escalate=(Step(after=timedelta(minutes=15), channels=("pager",)),))
    routes = (
        Route(name="shop", matchers=_pipelines("shop.*"), channels=("ops",), policy=escalating),
        Route(name="lost", matchers=_pipelines("lost"), channels=("broken",)),
        Route(name="rest", channels=("ops",)),
    )
    hooks = [channel(name, "webhook", url=f"{url}/{name}") for name in ("ops", "pager", "spare")]
    broken = channel("broken", "webhook", url=f"{url}/broken", fallback="spare")
    runs = channel("runs", "sentry", dsn=f"{url.replace('://', '://key@')}/runs/1", check_ins="false")
    owners = {name: PipelineConfig(owner="b" if name == "shop9" else "a") for name in ALL}
    return Desk(folder, store, *hooks, broken, runs, routes=routes, pipelines=owners)


def _pipelines(pattern: str) -> tuple[Matcher, ...]:
    return (parse_matcher(f'pipeline=~"{pattern}"', labels=LABELS),)


if __name__ == "__main__":
    with no_wait_for_the_disk():
        main()
