"""A program that lets engines live through random troubles, and kills them at random moments.

Usage: killed_at_random.py FOLDER STORE URL DEAF_URL SEED ROUNDS. "{home}" in STORE is the home of the engines. The
rounds have the seeds from SEED on. Messages of a round go to URL/SEED/ill, or where nobody listens to DEAF_URL, and
when all is well again to URL/SEED/well. Prints one JSON object a round: what has happened, what was decided, and what
still waits.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from desk import Desk, channel, event
from killing import die_after_lines, die_at_step, in_child, no_wait_for_the_disk
from made import NOON, at, good_run, run
from stage import Stage
from tocsin.channels.base import Outgoing
from tocsin.channels.webhook import Webhook
from tocsin.config.model import PipelineConfig
from tocsin.core.matchers import parse_matcher
from tocsin.core.outbox import Receipt
from tocsin.core.policy import Policy, Step
from tocsin.core.route import LABELS, Route
from tocsin.core.run import Outcome
from tocsin.engine.act import acknowledge_alert, snooze_alert
from tocsin.engine.silences import add_silence
from tocsin.errors import NotFound
from tocsin.store.protocol import Store

PIPELINES = {"orders": "a", "stock": "a", "users": "b"}
#: Seconds that a receiver which does not answer is waited for, so that no round takes long.
IMPATIENCE = 0.2


class Round:
    """One store, and the engines that die over it."""

    def __init__(self, seed: int, folder: Path, store: Store, urls: tuple[str, str]) -> None:
        """Draw what the routes ask for."""
        self.seed = seed
        self.failed: set[str] = set()
        self._chance = random.Random(seed)  # noqa: S311  # the same seed, the same round
        self._folder = folder
        self._store = store
        self._url, self._deaf = urls
        self._minute = 0.0
        self._grouping = self._chance.choice([("owner",), ("environment",), ()])

    def live(self) -> None:
        """Let one engine after the other work until it is killed, then one that nothing happens to."""
        for _ in range(self._chance.randint(1, 3)):
            self._minute += self._chance.choice([0.2, 2, 7, 20, 250])
            self._report()
            where = self._deaf if self._chance.random() < 0.2 else f"{self._url}/{self.seed}/ill"
            in_child(partial(self._work, where, self._death(), self._command()))
        house = self._desk(f"{self._url}/{self.seed}/well")
        house.now = at(self._minute + 10)
        house.report(*(good_run(f"{name}-end", pipeline=name, ended=self._minute + 9) for name in PIPELINES))
        while (due := house.next_due()) is not None:
            house.now = max(house.now, due)
            house.tick()
        self._tell(house)

    def _report(self) -> None:
        for name in PIPELINES:
            outcome = self._chance.choice([Outcome.FAILED, Outcome.FAILED, Outcome.SUCCEEDED, None])
            if outcome is None:
                continue
            if outcome is Outcome.FAILED:
                self.failed.add(name)
            make = run if outcome is Outcome.FAILED else good_run
            reported = make(f"{name}-{self._minute}", pipeline=name, ended=self._minute)
            self._desk(self._url).spool.put(event(reported))

    def _death(self) -> Callable[[], None]:
        # As many steps and lines as a tick has that tells a few messages.
        return self._chance.choice(
            [
                partial(die_at_step, self._chance.randrange(120)),
                partial(die_after_lines, self._chance.randrange(1500)),
            ]
        )

    def _command(self) -> Callable[[Desk], object]:
        until = at(self._minute + self._chance.choice([1, 30]))
        silenced = [parse_matcher('pipeline="orders"', labels=LABELS)]
        return self._chance.choice(
            [
                lambda _: None,
                lambda _: None,
                lambda house: acknowledge_alert(house.engine, "stock", by="ann"),
                lambda house: snooze_alert(house.engine, "users", until=until, by="ann"),
                lambda house: add_silence(
                    house.engine, silenced, starts_at=house.now, ends_at=until, reason="moving", author="ann"
                ),
            ]
        )

    def _work(self, url: str, death: Callable[[], None], command: Callable[[Desk], object]) -> None:
        be_impatient()
        house = self._desk(url)
        house.now = at(self._minute)
        death()
        with contextlib.suppress(NotFound):
            command(house)
        house.tick()
        house.tick(minutes=0.6)

    def _desk(self, url: str) -> Desk:
        policy = Policy(
            group_by=self._grouping,
            group_above=1,
            escalate=(Step(after=timedelta(minutes=15), channels=("pager",)),),
        )
        hooks = [channel(name, "webhook", url=f"{url}/{name}") for name in ("ops", "mail", "pager")]
        route = Route(name="all", channels=("ops", "mail"), policy=policy)
        owners = {name: PipelineConfig(owner=owner) for name, owner in PIPELINES.items()}
        return Desk(self._folder, self._store, *hooks, routes=(route,), pipelines=owners)

    def _tell(self, house: Desk) -> None:
        with self._store.reading() as tx:
            alerts = {alert.id: alert.subject for alert in tx.alerts(limit=1000)}
        decided = [
            {
                "id": one.id,
                "channel": one.channel,
                "subject": alerts.get(one.alert_id or ""),
                "about": one.alert_id or one.id,
                "seq": one.seq,
                "status": one.status,
                "reason": one.reason,
            }
            for one in house.decided()
        ]
        left = {"spool": house.spool.waiting(), "minutes": (house.now - NOON).total_seconds() / 60}
        sys.stdout.write(json.dumps({"seed": self.seed, "failed": sorted(self.failed), "decided": decided} | left))
        sys.stdout.write("\n")


def be_impatient() -> None:
    """Wait for no receiver for long, until this process ends."""
    post = Webhook.send

    def send(self: Webhook, outgoing: Outgoing) -> Receipt:
        return post(self, replace(outgoing, budget=IMPATIENCE))

    Webhook.send = send  # type: ignore[method-assign]  # only the budget is another one


def main() -> None:
    """Live through rounds."""
    folder, store, url, deaf, seed, rounds = sys.argv[1:]
    stage = Stage(Path(folder), store)
    stage.keep()
    for number in range(int(rounds)):
        Round(int(seed) + number, stage.home, stage.store, (url, deaf)).live()
        stage.put_back()


if __name__ == "__main__":
    with no_wait_for_the_disk():
        main()
