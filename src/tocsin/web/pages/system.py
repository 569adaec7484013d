"""`/system`: is the watcher itself alive?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

import tocsin
from tocsin.config.model import Problem as ConfigProblem
from tocsin.core.access import ApiKey, AuditEntry, KeyState, Scope
from tocsin.core.inbox import AGREE
from tocsin.core.message import Tone
from tocsin.core.phrases import ago, pipeline
from tocsin.core.retention import Kept
from tocsin.core.words import count, duration, room
from tocsin.documents.channels import ChannelView, Health
from tocsin.engine.engine import Engine
from tocsin.engine.presence import Present, Role, present
from tocsin.store.protocol import Transaction
from tocsin.store.tables import SCHEMA_VERSION
from tocsin.web.pages.addresses import of_run
from tocsin.web.pages.frame import Frame
from tocsin.web.problem import Problem
from tocsin.web.rendering import render
from tocsin.web.vitals import Vitals, read_vitals, spooled

router = APIRouter(include_in_schema=False)

#: Who watches looks every few seconds, and cron perhaps only every few minutes.
_ALIVE, _LATE = timedelta(minutes=2), timedelta(minutes=15)
#: An event or a message that waits for so long is held up by something.
_SLOW = timedelta(minutes=5)
#: Newest runs whose clocks are compared with the server's, and lines of each list.
_RUNS, _REFUSED, _KEYS, _AUDIT = 200, 10, 100, 30
_HEALTH = {Health.OK: Tone.GOOD, Health.NOT_TRIED: Tone.INFO, Health.FAILING: Tone.WARNING, Health.PAUSED: Tone.WARNING}
_KEY_TONES = {KeyState.ACTIVE: Tone.GOOD, KeyState.EXPIRED: Tone.WARNING, KeyState.REVOKED: Tone.INFO}


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One thing that is well or not, as a tile."""

    name: str
    value: str
    #: What else there is to say; what to do where it is not well.
    note: str = ""
    tone: Tone = Tone.GOOD


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process at work."""

    present: Present
    state: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """What waits for one channel."""

    name: str
    state: str
    tone: Tone
    waiting: int
    since: datetime | None
    last_ok_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Skew:
    """A machine whose clock differs from the server's."""

    host: str
    words: str
    pipeline: str
    run_url: str


@dataclass(frozen=True, kw_only=True)
class System:
    """What the page shows to all who may see it."""

    verdict: str
    tone: Tone
    signs: Sequence[Sign]
    processes: Sequence[Process]
    outlets: Sequence[Outlet]
    #: The ids of events that could not be used, and why.
    refused: Sequence[tuple[str, str]]
    skews: Sequence[Skew]
    problems: Sequence[ConfigProblem]
    store: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Trail:
    """What the page shows to admins besides: who may do what, and who did."""

    keys: Sequence[tuple[ApiKey, str, Tone]]
    entries: Sequence[AuditEntry]
    #: The number after which older entries are; 0 at the end.
    older: int


@router.get("/system")
def system(frame: Frame, *, before: Annotated[int | None, Query(ge=1, le=2**62)] = None) -> Response:
    """Show whether Tocsin itself works."""
    if frame.actor.environments is not None:
        raise Problem(403, f"This page tells of all environments, and {frame.actor.name} is for some.")
    with frame.engine.store.reading() as tx:
        view = read_system(frame.engine, tx)
        trail = read_trail(tx, frame.now, before) if Scope.ADMIN in frame.actor.scopes else None
    page = frame.page(view.verdict, "/system", tone=view.tone)
    return render("system.html", page, view=view, trail=trail)


def read_system(engine: Engine, tx: Transaction) -> System:
    """Return what the page shows.

    Args:
        engine: The server's.
        tx: A view of its store.
    """
    now, vitals = engine.clock(), read_vitals(engine, tx)
    processes = [_process(one, now) for one in present(tx)]
    look = _look(vitals, now)
    signs = [look, *_queues(engine, vitals, now), _channels(vitals), _configuration(engine)]
    tone = min((sign.tone for sign in signs), key=tuple(Tone).index)
    wrong = sum(sign.tone not in {Tone.GOOD, Tone.INFO} for sign in signs)
    return System(
        verdict="Tocsin is well" if not wrong else f"{count(wrong, 'thing')} to look at in Tocsin itself",
        tone=tone if wrong else Tone.GOOD,
        signs=signs,
        processes=processes,
        outlets=[_outlet(name, vitals, engine) for name in vitals.outlets],
        refused=tx.refused(limit=_REFUSED),
        skews=_skews(tx),
        problems=engine.problems,
        store=_store(engine, tx),
    )


def read_trail(tx: Transaction, now: datetime, before: int | None) -> Trail:
    """Return keys and the audit trail, from the entry before this number on."""
    found = tx.audit(before=before, limit=_AUDIT + 1)
    keys = sorted(tx.api_keys()[:_KEYS], key=lambda key: tuple(KeyState).index(key.state(now)))
    return Trail(
        keys=[(key, key.state(now).value, _KEY_TONES[key.state(now)]) for key in keys],
        entries=found[:_AUDIT],
        older=found[_AUDIT - 1].number if len(found) > _AUDIT else 0,
    )


def _look(vitals: Vitals, now: datetime) -> Sign:
    name, start = "Last look", "Nothing is told of what is late, stuck or died. Type: tocsin watch"
    lag = vitals.lag(now)
    if lag is None or vitals.looked_at is None:
        return Sign(name=name, value="never", note=start, tone=Tone.ERROR)
    if lag > _LATE:
        return Sign(name=name, value=ago(vitals.looked_at, now), note=start, tone=Tone.ERROR)
    note = "at what is due" if lag <= _ALIVE else "Who watches all the time looks every few seconds."
    return Sign(
        name=name, value=ago(vitals.looked_at, now), note=note, tone=Tone.GOOD if lag <= _ALIVE else Tone.WARNING
    )


def _queues(engine: Engine, vitals: Vitals, now: datetime) -> list[Sign]:
    events, since = vitals.backlog
    spool, unread = spooled(engine)
    written = min((one.since for one in vitals.waiting.values()), default=None)
    messages = sum(one.count for one in vitals.waiting.values())
    return [
        Sign(name="Events to take in", value=f"{events:,}", note=_age(since, now), tone=_slow(since, now)),
        Sign(name="Messages to send", value=f"{messages:,}", note=_age(written, now), tone=_slow(written, now)),
        Sign(
            name="Events in the spool",
            value=f"{spool:,}",
            note=f"{count(unread, 'file')} there cannot be read: {engine.spool.rejected}"
            if unread
            else "of this machine",
            tone=Tone.WARNING if unread else Tone.GOOD,
        ),
    ]


def _channels(vitals: Vitals) -> Sign:
    name, works = "Channels that work", [view for view in vitals.channels if view.works]
    if not vitals.channels:
        return Sign(name=name, value="none", note="Nobody is told. Type: tocsin init", tone=Tone.WARNING)
    value, broken = f"{len(works):,} of {len(vitals.channels):,}", len(works) < len(vitals.channels)
    note = "see below" if broken else "as far as is known without sending"
    return Sign(name=name, value=value, note=note, tone=Tone.ERROR if broken else Tone.GOOD)


def _configuration(engine: Engine) -> Sign:
    wrong = len(engine.problems)
    return Sign(
        name="Problems of the configuration",
        value=f"{wrong:,}",
        note="see below" if wrong else "all of it could be read",
        tone=Tone.ERROR if wrong else Tone.GOOD,
    )


def _age(since: datetime | None, now: datetime) -> str:
    return f"the oldest for {ago(since, now).removesuffix(' ago')}" if since is not None else "nothing waits"


def _slow(since: datetime | None, now: datetime) -> Tone:
    return Tone.WARNING if since is not None and now - since > _SLOW else Tone.GOOD


def _process(one: Present, now: datetime) -> Process:
    if one.is_silent(now):
        return Process(present=one, state=f"silent for {duration(now - one.seen_at)}", tone=Tone.ERROR)
    done = "has ended" if one.role is Role.TICK else "at work"
    return Process(present=one, state=done, tone=Tone.INFO if one.role is Role.TICK else Tone.GOOD)


def _outlet(name: str, vitals: Vitals, engine: Engine) -> Outlet:
    view = next((view for view in vitals.channels if view.name == name), None)
    waiting = vitals.waiting.get(name)
    state, tone = _state(view)
    slow = _slow(waiting.since if waiting is not None else None, engine.clock())
    return Outlet(
        name=name,
        state=state,
        tone=slow if tone is Tone.GOOD else tone,
        waiting=waiting.count if waiting is not None else 0,
        since=waiting.since if waiting is not None else None,
        last_ok_at=view.last_ok_at if view is not None else None,
    )


def _state(view: ChannelView | None) -> tuple[str, Tone]:
    if view is None:
        return "not configured here", Tone.WARNING
    words = f"{view.state}: {view.why}" if view.why else view.state.value
    return words, _HEALTH.get(view.state, Tone.ERROR)


def _skews(tx: Transaction) -> list[Skew]:
    """Return the machines whose clocks differ, as their newest runs have shown it."""
    found: dict[str, Skew] = {}
    for run in tx.runs(limit=_RUNS):
        ahead, host = run.context.clock_ahead, run.context.host or "unknown"
        if abs(ahead) >= AGREE and host not in found:
            words = f"{duration(abs(ahead))} {'ahead' if ahead > timedelta(0) else 'behind'}"
            name = pipeline(run.pipeline, run.environment)
            found[host] = Skew(host=host, words=words, pipeline=name, run_url=of_run(run.id))
    return list(found.values())


def _store(engine: Engine, tx: Transaction) -> list[tuple[str, str]]:
    size = tx.size()
    kept: dict[str, list[str]] = {}
    for one in Kept:
        kept.setdefault(duration(engine.config.retention.of(one)), []).append(one.value)
    return [
        ("Store", engine.store.url),
        ("Tables", f"version {SCHEMA_VERSION}"),
        ("Size", room(size) if size is not None else ""),
        ("Tocsin", tocsin.__version__),
        *((f"Kept for {length}", ", ".join(names)) for length, names in kept.items()),
    ]
