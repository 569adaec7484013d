"""Events that a server was given become runs, findings, alerts and notifications."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tocsin.capture.spool import parse_event
from tocsin.core.event import Event
from tocsin.core.inbox import Received, shifted
from tocsin.engine.engine import Engine
from tocsin.engine.events import take_events
from tocsin.engine.pings import Pings
from tocsin.errors import StoreError
from tocsin.store.protocol import Transaction

#: Events that one transaction takes in at most, and seconds after which it begins with no more: one wait for the disk,
#: and other writers need not wait long.
_BATCH, _LONGEST = 50, 0.1
_log = logging.getLogger("tocsin")


def take_in(engine: Engine, *, most: int | None = None) -> int:
    """Take in what waits in the inbox and return how many events that was.

    An event leaves the inbox in the transaction that takes it in. One that cannot be used is kept with the reason, and
    does not hold up those behind it. Any number of processes may do this at any time: each event is taken in once.

    Args:
        engine: Whose store to look into.
        most: Begin no further transaction after so many events; None for all that waits.

    Raises:
        StoreError: The store cannot be read or written; what was not taken in stays in the inbox.
    """
    if engine.makeshift_for is not None:
        return 0
    taken = 0
    while (most is None or taken < most) and _waits(engine):
        taken += _take_batch(engine)
    return taken


def _waits(engine: Engine) -> bool:
    with engine.store.reading() as tx:
        return bool(tx.received(1))


def _take_batch(engine: Engine) -> int:
    """Take in some events, and if one of them is broken each by itself; return how many were taken in."""
    batch: Sequence[Received] = ()
    try:
        with engine.store.writing() as tx:
            batch = tx.received(_BATCH)
            return _take(engine, tx, batch)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # found out below, where it is refused
        _log.debug("a batch of %d events holds a broken one: %s", len(batch), error)
        return sum(_take_one(engine, one) for one in batch)


def _take_one(engine: Engine, one: Received) -> bool:
    try:
        with engine.store.writing() as tx:
            _take(engine, tx, [one])
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one event must not hold up the others
        _log.debug("details", exc_info=True)
        why = f"{type(error).__name__}: {error}"
        _log.warning("event %s cannot be used (%s); it is kept in the inbox", one.event_id, why)
        with engine.store.writing() as tx:
            tx.refuse_received(one.number, why)
        return False
    return True


def _take(engine: Engine, tx: Transaction, batch: Sequence[Received]) -> int:
    pings, read = Pings(engine, tx), 0

    def events() -> Iterator[Event]:
        nonlocal read
        for read, one in enumerate(batch, start=1):  # noqa: B007  # how many were read counts
            if (event := pings.resolve(_read(one))) is not None:
                yield event

    # It takes in all that it reads.
    take_events(engine, tx, events(), within=_LONGEST)
    tx.drop_received([one.number for one in batch[:read]])
    return read


def _read(one: Received) -> Event:
    """Return an event with its moments by our clock.

    Raises:
        SpoolError: It is no event that this version can read.
        OverflowError: By our clock it lies outside the years 1 to 9999.
    """
    event = parse_event(one.text.encode())
    if not one.clocks_differ:
        return event
    event = shifted(event, -one.clock_ahead)
    if event.run is None:
        return event
    context = replace(event.run.context, clock_ahead=one.clock_ahead)
    return replace(event, run=replace(event.run, context=context))
