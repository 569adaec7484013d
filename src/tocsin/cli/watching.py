"""Whether anybody looks for what calls nobody back: runs that are late, stand still or never start."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tocsin.core.phrases import ago
from tocsin.core.words import duration, listing
from tocsin.engine.engine import Engine
from tocsin.engine.expected import looked_last
from tocsin.engine.lock import watcher_lock
from tocsin.store.protocol import Transaction

#: Who watches looks every few seconds; cron perhaps only every few minutes.
_LATELY = timedelta(minutes=15)
#: Pipelines that are asked for, and named.
_MOST, _NAMED = 1000, 3


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who watches, and whether that is enough."""

    well: bool
    #: What was found, and what to type where nobody watches.
    text: str


def find_watch(engine: Engine, tx: Transaction) -> Watch:
    """Return who watches the pipelines of an engine's home and store."""
    now = engine.clock()
    looked = looked_last(tx)
    lately = looked is not None and now - looked <= _LATELY
    lock = watcher_lock(engine.config.home)
    if lock.is_taken():
        if looked is None or lately:
            when = f", and looked last {ago(looked, now)}" if looked is not None else ""
            return Watch(well=True, text=f"{lock.holder()} watches{when}")
        text = f"{lock.holder()} watches, but looked last {ago(looked, now)}: see what it says, and start it anew"
        return Watch(well=False, text=text)
    if looked is not None and lately:
        return Watch(well=True, text=f"nobody watches all the time; somebody looked {ago(looked, now)}")
    names = _scheduled(engine, tx)
    if not names:
        return Watch(well=True, text="nobody watches, and no pipeline has a schedule that it could miss")
    since = f"for {duration(now - looked)}" if looked is not None else "yet"
    text = f"nobody has looked {since} whether {listing(names, most=_NAMED)} started, and in time"
    return Watch(well=False, text=f"{text}: tocsin watch, or this line in crontab -e: {_crontab_line()}")


def _scheduled(engine: Engine, tx: Transaction) -> list[str]:
    """Return the pipelines that have a schedule: in the settings, in their code, or a learned one."""
    expected = tx.expectations(engine.config.environment, limit=_MOST)
    return sorted({*engine.schedules, *(each.pipeline for each in expected)})


def _crontab_line() -> str:
    program = Path(sys.executable).with_name("tocsin")
    return f"* * * * * cd {shlex.quote(str(Path.cwd()))} && {shlex.quote(str(program))} tick --quiet"
