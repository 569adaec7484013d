"""A day on which much goes wrong: 400 pipelines of four owners, and everybody who has to hear of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desk import Desk, channel, event
from made import cause, good_run, run
from tocsin.config.model import PipelineConfig
from tocsin.core.alert import Alert
from tocsin.core.cause import CauseClass
from tocsin.core.finding import Finding, Kind, Topic, Trait, fingerprint
from tocsin.core.maintenance import Maintenance
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.notify import Reason
from tocsin.core.outbox import Status
from tocsin.core.policy import Policy, Step
from tocsin.core.route import LABELS, Route
from tocsin.core.run import Run
from tocsin.core.schedule import Schedule
from tocsin.core.severity import Severity
from tocsin.core.time_window import parse_window
from tocsin.engine.evaluate import Found, advance_alerts
from tocsin.engine.silences import add_silence
from tocsin.store.protocol import Store

#: A Monday.
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHANNELS = ("ops", "sales", "finance", "product", "pager")
OWNERS = ("sales", "finance", "product", "platform")
#: Why a problem is told later than it was found, or not at all.
MUTED = {Reason.SILENCED, Reason.MAINTENANCE, Reason.ROUTE_MUTED, Reason.SNOOZED}

#: The pipelines by what happens to them: 400 in all.
BASE = "base"
DEPENDANTS = tuple(f"mart{number:03}" for number in range(200))
VENDOR = tuple(f"vendor{number:02}" for number in range(50))
WAREHOUSE = tuple(f"load{number:03}" for number in range(100))
FLAPPING = tuple(f"flaky{number}" for number in range(10))
SINGLE = tuple(f"single{number:02}" for number in range(19))
SILENCED = tuple(f"moved{number}" for number in range(10))
MAINTAINED = tuple(f"upgraded{number}" for number in range(10))
PIPELINES = (BASE, *DEPENDANTS, *VENDOR, *WAREHOUSE, *FLAPPING, *SINGLE, *SILENCED, *MAINTAINED)


def clock(text: str) -> datetime:
    """Return a time of the day: "14:40"."""
    hours, minutes = text.split(":")
    return MIDNIGHT + timedelta(hours=int(hours), minutes=int(minutes))


def owner_of(name: str) -> str:
    """Return who owns a pipeline."""
    return "platform" if name == BASE or name in MAINTAINED else OWNERS[PIPELINES.index(name) % 3]


FINANCE = frozenset(name for name in PIPELINES if owner_of(name) == "finance")
#: When the channel of finance cannot be reached.
DOWN = (clock("16:30"), clock("18:30"))


@dataclass(kw_only=True)
class Told:
    """What became of one problem on one channel."""

    alert: Alert
    channel: str
    #: When a message that names it was accepted first.
    at: datetime | None = None
    #: Whether its end was told as well.
    ended: bool = False
    #: Why it was not told, at least for a time.
    reasons: set[str] = field(default_factory=set)


class IncidentDay:
    """Lets a day pass in an engine with a clock of its own."""

    def __init__(self, home: Path, store: Store) -> None:
        """Open the engine."""
        self.findings = 0
        self._finance = home / "finance"
        channels = [channel(name, path=str(home / name / "messages")) for name in CHANNELS]
        pipelines = {name: _settings(name) for name in PIPELINES}
        self.house = Desk(home, store, *channels, routes=_routes(), maintenance=(_upgrade(),), pipelines=pipelines)
        # What is due by a schedule is seen by whoever watches.
        object.__setattr__(self.house.engine, "watching", True)

    def pass_by(self) -> None:
        """Let the day pass, and some hours of the next, in which all is well."""
        house = self.house
        reports: dict[datetime, list[Run]] = defaultdict(list)
        for each in _runs():
            reports[each.ended_at or each.started_at].append(each)
        for minute in range(24 * 60):
            house.now = MIDNIGHT + minute * MINUTE
            self._happen()
            for each in reports.get(house.now, ()):
                house.spool.put(event(each))
            found = [*_findings(house.now)]
            self._find(found)
            due = house.next_due()
            if found or house.now in reports or (due is not None and due <= house.now) or not house.now.minute % 5:
                house.tick()
        for _ in range(10):
            house.tick(minutes=30)

    def alerts(self) -> dict[str, Alert]:
        """Return all problems of the day by their ids."""
        with self.house.store.reading() as tx:
            return {alert.id: alert for alert in tx.alerts(limit=100_000)}

    def told(self) -> list[Told]:
        """Return what became of each problem on each channel that somebody decided about."""
        alerts = self.alerts()
        with self.house.store.reading() as tx:
            rows = tx.notifications(limit=100_000)
            accepted = {
                one.id: min(each.at for each in tx.deliveries(one.id) if each.ok)
                for one in rows
                if one.status is Status.SENT
            }
        groups = {(one.alert_id, one.seq): one for one in rows if one.reason is Reason.GROUP}
        found: dict[tuple[str, str], Told] = {}
        for one in rows:
            if one.alert_id not in alerts:
                continue
            alert = alerts[one.alert_id]
            what = found.setdefault((alert.id, one.channel), Told(alert=alert, channel=one.channel))
            message = groups.get((one.group_id, one.group_seq)) if one.status is Status.GROUPED else one
            at = accepted.get(message.id) if message is not None else None
            if at is None:
                what.reasons.add(one.reason)
            else:
                what.at = min(what.at or at, at)
                what.ended |= one.seq == alert.seq and not alert.open
        return list(found.values())

    def messages(self) -> dict[str, int]:
        """Return how many messages each channel was given."""
        with self.house.store.reading() as tx:
            rows = tx.notifications(limit=100_000)
        return {name: sum(one.channel == name and one.status is Status.SENT for one in rows) for name in CHANNELS}

    def waits(self) -> dict[str, list[float]]:
        """Return the seconds from each first finding to the first message about it, by what may hold it up."""
        waits: dict[str, list[float]] = {"told at once": [], "muted at first": [], "channel down": []}
        told = [(each.at, each) for each in self.told() if each.at is not None]
        seen = set()
        for at, each in sorted(told, key=lambda one: one[0]):
            if each.alert.id not in seen:
                seen.add(each.alert.id)
                down = DOWN[0] <= each.alert.since < DOWN[1] and each.alert.subject in FINANCE
                kind = "muted at first" if MUTED & each.reasons else "channel down" if down else "told at once"
                waits[kind].append((at - each.alert.since).total_seconds())
        return {kind: sorted(seconds) for kind, seconds in waits.items()}

    def _happen(self) -> None:
        """Let the channel of finance break and be mended, and somebody begin a silence."""
        now = self.house.now
        if now == DOWN[0]:
            self._finance.rename(self._finance.with_suffix(".away"))
            self._finance.touch()
        elif now == DOWN[1]:
            self._finance.unlink()
            self._finance.with_suffix(".away").rename(self._finance)
        elif now == clock("10:00"):
            moved = (parse_matcher('pipeline=~"moved.*"', labels=LABELS),)
            add_silence(
                self.house.engine, moved, starts_at=now, ends_at=clock("12:00"), reason="they are moved", author="ann"
            )

    def _find(self, found: Sequence[Finding]) -> None:
        """Let a rule have found something."""
        self.findings += len(found)
        with self.house.store.writing() as tx:
            keys = [fingerprint(one.topic, one.environment, one.subject) for one in found]
            known = tx.open_alerts(keys) if found else {}
            advance_alerts(
                self.house.engine,
                tx,
                [Found(finding=one, alert=known.get(key)) for one, key in zip(found, keys, strict=True)],
            )


def _findings(now: datetime) -> Iterator[Finding]:
    """Yield what is found at a minute in pipelines that run all the time."""
    minute = (now - MIDNIGHT) // MINUTE
    if clock("09:00") <= now <= clock("21:00") and not minute % 5:
        # The vendor's server is down for half a day, and fifty pipelines ask it every five minutes.
        for name in VENDOR:
            yield _finding(name, now, well=now == clock("21:00"), why="503 Service Unavailable for api.vendor.example")
    if clock("14:00") <= now <= clock("14:40") and not minute % 4:
        # The warehouse refuses everything for forty minutes.
        for name in WAREHOUSE:
            yield _finding(name, now, well=now == clock("14:40"), why="could not connect to server db.internal")
    if not minute % 6:
        for name in FLAPPING:
            yield _finding(name, now, well=bool(minute % 12) or now > clock("22:00"), why="lock timeout")


def _finding(name: str, now: datetime, *, well: bool, why: str) -> Finding:
    return Finding(
        kind=Kind.RECOVERED if well else Kind.FAILED,
        topic=Topic.DELIVERY,
        subject=name,
        environment="default",
        severity=Severity.INFO if well else Severity.ERROR,
        at=now,
        summary="loaded 1,204 rows" if well else f"load failed: {why}",
        reason_key="" if well else why,
        run_id=f"{name}-{now:%H%M}",
        logical_id=f"{name}-{now:%H%M}",
        traits={} if well else {Trait.CAUSE.value: why, Trait.DESTINATION.value: "db.internal"},
    )


def _runs() -> Iterator[Run]:
    """Yield what the pipelines report that run once."""
    # The base of 200 others fails at five and is mended at eight; they cannot start at six as they should.
    yield _ended(BASE, "05:10", well=False)
    yield _ended(BASE, "08:00", well=True)
    for name in DEPENDANTS:
        yield _ended(name, "08:10", well=True)
    for number, name in enumerate(SINGLE):
        failed_at = clock("00:30") + number * 71 * MINUTE
        yield _at(name, failed_at, well=False)
        yield _at(name, failed_at + 40 * MINUTE, well=True)
    for number, name in enumerate(SILENCED):
        yield _ended(name, "10:30", well=False)
        yield _ended(name, "11:00" if number % 2 else "13:00", well=True)
    for number, name in enumerate(MAINTAINED):
        yield _ended(name, "02:15", well=False)
        yield _ended(name, "02:45" if number % 2 else "04:00", well=True)


def _ended(name: str, time: str, *, well: bool) -> Run:
    return _at(name, clock(time), well=well)


def _at(name: str, ended: datetime, *, well: bool) -> Run:
    made = (good_run if well else run)(f"{name}-{ended:%H%M}", pipeline=name)
    why = None if well else cause(cause_class=CauseClass.CODE, exception="KeyError", message=f"'{name}'")
    return replace(made, started_at=ended - 5 * MINUTE, ended_at=ended, cause=why)


def _settings(name: str) -> PipelineConfig:
    if name == BASE:
        return PipelineConfig(owner=owner_of(name), schedule=Schedule(text="5 5 * * *"))
    if name in DEPENDANTS:
        return PipelineConfig(owner=owner_of(name), schedule=Schedule(text="0 6 * * *"), after=(BASE,))
    return PipelineConfig(owner=owner_of(name))


def _routes() -> tuple[Route, ...]:
    """Return a route an owner: finance escalates to the pager, and product tells in business hours only."""
    pager = Policy(group_by=("owner",), escalate=(Step(after=timedelta(minutes=30), channels=("pager",)),))
    office = Policy(group_by=("owner",), active=(parse_window("Mon-Fri 08:00-18:00"),))
    return (
        Route(name="finance", matchers=_owner("finance"), channels=("finance",), policy=pager),
        Route(name="product", matchers=_owner("product"), channels=("product",), policy=office),
        Route(name="sales", matchers=_owner("sales"), channels=("sales",)),
        Route(name="rest", channels=("ops",)),
    )


def _owner(name: str) -> tuple[Matcher, ...]:
    return (parse_matcher(f'owner="{name}"', labels=LABELS),)


def _upgrade() -> Maintenance:
    return Maintenance(
        name="upgrade",
        matchers=(parse_matcher('pipeline=~"upgraded.*"', labels=LABELS),),
        windows=(parse_window("02:00-03:00"),),
        reason="the warehouse is upgraded",
    )
