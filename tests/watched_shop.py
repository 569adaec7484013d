"""The pipelines of a shop at noon, with some of everything that pages show, and texts that try to be something else."""

from __future__ import annotations

import shutil
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from desk import event
from made import NOON, at, cause, good_run, run
from recorded_runs import HOSTILE
from reported import reported
from tocsin.capture.spool import Spool
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.access import Role
from tocsin.core.cause import CauseClass
from tocsin.core.event import Event, EventType, Note
from tocsin.core.matchers import parse_matcher
from tocsin.core.route import LABELS
from tocsin.core.run import Context, FailedJob, Link, Outcome, Progress, Run, Stage, Step
from tocsin.core.severity import Severity
from tocsin.engine.act import acknowledge_alert, snooze_alert
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from tocsin.engine.silences import add_silence, end_silence
from tocsin.engine.tick import tick
from tocsin.engine.users import add_user
from tocsin.store.sqlite import SqliteStore
from tocsin.web.access.passwords import hash_password

#: How messages name the server.
PUBLIC = "http://shop.test"
NAME, PASSWORD = "ann", "correct horse battery"
#: Longer than a page can show, and without a place to break it.
ENDLESS = "x" * 1_000_000

SETTINGS = """
[tocsin]
timezone = "Europe/Berlin"
budgett = "5s"

[tocsin.serve]
public_url = "{public}"

[tocsin.channels.ops]
type = "file"
path = "{home}/ops.jsonl"

[tocsin.channels.pager]
type = "webhook"
url = "http://127.0.0.1:9/pager"
fallback = "ops"

[[tocsin.routes]]
name = "pages somebody"
match = ['pipeline="billing"']
channels = ["pager", "ops"]
escalate = ["15m ops"]

[[tocsin.routes]]
name = "shards together"
match = ['pipeline=~"shard.*"']
channels = ["ops"]
group_by = ["kind"]

[[tocsin.routes]]
name = "everything else"
channels = ["ops"]
repeat_every = "30m"

[[tocsin.maintenance]]
match = ['pipeline="warehouse"']
when = ["mon 10:00-14:00"]
reason = "the database gets more memory"

[tocsin.pipelines.billing]
owner = "finance"
tags = ["nightly", "money"]
schedule = "0 * * * *"

[tocsin.pipelines.orders]
schedule = "0 6 * * *"
start_within = "30m"
tables.refunds.fresh_within = "26h"

[tocsin.pipelines.invoices]
after = ["billing"]
schedule = "30 * * * *"

[tocsin.pipelines.partners]
schedule = "0 12 * * *"
"""


class Shop:
    """An engine with a clock of its own, whose runs are reported here."""

    def __init__(self, home: Path, *, now: datetime = NOON) -> None:
        """Open what lies in `home`, or an empty store."""
        values = tomllib.loads(SETTINGS.replace("{home}", str(home)).replace("{public}", PUBLIC))
        config = load([Layer(origin="tocsin.toml", values=values, secrets_allowed=True)], home=home)
        self.now = now
        self.store = SqliteStore(home / "tocsin.db")
        self.engine: Engine = open_engine(config, store=self.store, clock=lambda: self.now, watching=True)
        self.spool = Spool(home)

    def report(self, *runs: Run) -> None:
        """Report runs as their processes would, each at its own time."""
        for each in runs:
            self.now = max(self.now, each.ended_at or each.started_at)
            self.spool.put(event(each))
            tick(self.engine)

    def tick(self, *, minutes: float = 0) -> None:
        """Let time pass, and look at what is due."""
        self.now += timedelta(minutes=minutes)
        tick(self.engine)

    def add_user(self, name: str = NAME, role: Role = Role.ADMIN) -> None:
        """Let somebody log in with `PASSWORD`."""
        add_user(self.engine, name, role=role, password_hash=hash_password(PASSWORD), by="test")

    def alert_of(self, subject: str) -> str:
        """Return the id of the newest alert about a pipeline."""
        with self.store.reading() as tx:
            return tx.alerts(subject=subject, limit=1)[0].id

    def link_of(self, subject: str, label: str) -> str:
        """Return the path of a link in a message about a pipeline: "Acknowledge"."""
        with self.store.reading() as tx:
            told = [one.message for one in tx.notifications(alert_id=self.alert_of(subject)) if one.message]
        return next(link.url for one in told for link in one.links if link.label == label).removeprefix(PUBLIC)

    def silence(self, *conditions: str, minutes: float, start: datetime | None = None, reason: str) -> str:
        """Mute what fits until so many minutes after noon, and return the id."""
        made = add_silence(
            self.engine,
            tuple(parse_matcher(text, labels=LABELS) for text in conditions),
            starts_at=start or self.now,
            ends_at=at(minutes),
            reason=reason,
            author=NAME,
        )
        return made.id


def fill(home: Path, *, days: int = 10, hostile: bool = True) -> None:
    """Let some days and a morning pass in the shop that lies in `home`, without texts that only tests want to see."""
    reported(home, days=days, name=HOSTILE if hostile else "events", store=SqliteStore(home / "tocsin.db")).close()
    shop = Shop(home, now=at(-170))
    said = HOSTILE if hostile else "again"
    _billing(shop, said)
    if hostile:
        shop.report(_good("loud", -28), _failed("loud", -27, "loud1", cause=cause(message=ENDLESS, traceback=ENDLESS)))
    _muted(shop, said)
    _known(shop, said)
    _running(shop)
    shop.now = NOON
    shop.tick()
    shop.store.close()


def copied(filled: Path, home: Path) -> Path:
    """Return a home with what lies in another one."""
    shutil.copytree(filled, home)
    return home


def _billing(shop: Shop, said: str) -> None:
    """Three hourly runs fail for the same reason."""
    airflow = Context(
        orchestrator="airflow",
        links=(Link(label="log in Airflow", url="https://airflow.example.com/log?dag_id=billing"),),
        names={"dag_id": "billing", "task_id": said},
        attempt=3,
        max_attempts=3,
        command="billing.py",
        host="etl-2",
    )
    for number, minutes in enumerate((-150, -90, -30)):
        why = cause(
            message=f"401 Client Error: Unauthorized for url: https://api.example.com/billing {said}",
            cause_class=CauseClass.CREDENTIALS,
            hint="The credentials were refused: set SOURCES__BILLING__API_KEY anew.",
            transient=False,
            resource="invoices",
        )
        shop.report(_failed("billing", minutes, f"bill{number}", cause=why, context=airflow))


def _muted(shop: Shop, said: str) -> None:
    """What nobody is told of: silenced, put off, and under maintenance."""
    shop.silence("pipeline=ads", minutes=240, reason=f"the campaign is over {said}")
    shop.silence('pipeline=~"shop.*"', "severity=warning", minutes=1440, start=at(600), reason="the shop is moved")
    ended = shop.silence("owner=finance", minutes=600, reason="the new contract")
    end_silence(shop.engine, ended, by=NAME)
    shop.report(*(_failed(name, -25, f"{name}-run") for name in ("ads", "crm", "warehouse", "shard1", "shard2")))
    snooze_alert(shop.engine, "crm", until=at(120), by=NAME)


def _known(shop: Shop, said: str) -> None:
    """What somebody takes care of, and what is over."""
    jobs = (FailedJob(job="users.3f.parquet", table="users", message=f"disk full {said}"),)
    shop.report(
        _failed("users", -22, "users-run", outcome=Outcome.PARTIAL, stage=Stage.LOAD, cause=None, failed_jobs=jobs),
        _failed("mail", -21, "mail-run"),
        _good("mail", -15),
    )
    acknowledge_alert(shop.engine, "users", by=NAME)
    shop.spool.put(
        Event(
            id="note",
            type=EventType.NOTE,
            at=shop.now,
            note=Note(text=f"The disk was changed {said}", severity=Severity.INFO),
        )
    )
    shop.tick()


def _running(shop: Shop) -> None:
    """One run goes on, and one stands still."""
    shop.report(
        _goes_on("search", -8, moved=-0.2),
        _goes_on("maps", -90, moved=-70, stack=("maps.py:39 in fetch", "http.py:210 in read")),
    )


def _goes_on(name: str, minutes: float, *, moved: float, stack: tuple[str, ...] = ()) -> Run:
    begun = at(minutes)
    return run(
        f"{name}-run",
        pipeline=name,
        started_at=begun,
        ended_at=None,
        outcome=Outcome.RUNNING,
        cause=None,
        stage=Stage.EXTRACT,
        steps=(Step(stage=Stage.EXTRACT, started_at=begun),),
        heartbeat_at=at(-0.1),
        progress=Progress(moved_at=at(moved), stage=Stage.EXTRACT, subject="tiles", done=4_200, stack=stack),
    )


def _failed(name: str, minutes: float, run_id: str, **changes: Any) -> Run:
    steps = (Step(stage=Stage.EXTRACT, started_at=at(minutes - 1), ended_at=at(minutes), ok=False),)
    return run(run_id, ended=minutes, pipeline=name, steps=steps, **changes)


def _good(name: str, minutes: float) -> Run:
    return good_run(f"{name}{minutes}", ended=minutes, pipeline=name)
