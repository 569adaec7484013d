"""Long lists page by page, on every store: each fact is met once, whatever comes in meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

import pytest

from made import alert, at, run
from tocsin.core.alert import State
from tocsin.core.finding import Kind
from tocsin.core.group import Group
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification
from tocsin.core.position import Position
from tocsin.core.severity import Severity
from tocsin.core.silence import Silence
from tocsin.store.protocol import Store, Transaction

# Two share each moment, so that a page can end between them.
NUMBERS = range(7)


class Fact(Protocol):
    """What lists are made of."""

    @property
    def id(self) -> str:
        """Its name."""


def _moment(number: int) -> datetime:
    return at(number // 2)


def _save_run(tx: Transaction, number: int) -> None:
    tx.save_run(run(f"id{number}", started_at=_moment(number), ended_at=None))


def _save_alert(tx: Transaction, number: int) -> None:
    state = State.FIRING if number % 3 else State.RESOLVED
    tx.save_alert(alert(id=f"id{number}", fingerprint=f"f{number}", last_at=_moment(number), state=state))


def _save_notification(tx: Transaction, number: int) -> None:
    tx.add_notification(
        Notification(
            id=f"id{number}",
            channel="ops",
            reason=Reason.NEW,
            message=None,
            created_at=_moment(number),
            due_at=_moment(number),
        )
    )


def _save_silence(tx: Transaction, number: int) -> None:
    tx.save_silence(
        Silence(
            id=f"id{number}",
            matchers=(),
            starts_at=at(-9),
            ends_at=_moment(number),
            reason="moved",
            author="ann",
            created_at=at(-9),
        )
    )


def _save_group(tx: Transaction, number: int) -> None:
    tx.save_group(Group(id=f"id{number}", channel="ops", route=f"r{number}", opened_at=_moment(number)))


LISTS: dict[str, tuple[Callable[[Transaction, int], None], Callable[..., Sequence[Fact]]]] = {
    "runs": (_save_run, lambda tx, after: tx.runs(after=after, limit=2)),
    "runs of a pipeline": (
        _save_run,
        lambda tx, after: tx.runs(pipeline="orders", environment="default", after=after, limit=2),
    ),
    "alerts": (_save_alert, lambda tx, after: tx.alerts(after=after, limit=2)),
    "alerts of a kind": (_save_alert, lambda tx, after: tx.alerts(kind=Kind.FAILED, after=after, limit=2)),
    "notifications": (_save_notification, lambda tx, after: tx.notifications(after=after, limit=2)),
    "silences": (_save_silence, lambda tx, after: tx.all_silences(after=after, limit=2)),
    "groups": (_save_group, lambda tx, after: tx.groups(after=after, limit=2)),
}


def _position(fact: Fact) -> Position:
    """Return where a list is left after this fact."""
    number = int(fact.id.removeprefix("id"))
    return Position(at=_moment(number), id=fact.id, open=bool(number % 3))


@pytest.mark.parametrize("name", LISTS)
def test_pages_hold_each_fact_once_while_newer_ones_come_in(store: Store, name: str) -> None:
    """A list that is read page by page tells each fact once and in order, and not what came in meanwhile."""
    save, page = LISTS[name]
    with store.writing() as tx:
        for number in NUMBERS:
            save(tx, number)
    with store.reading() as tx:
        whole = [fact.id for fact in page_all(tx, page)]
    met: list[str] = []
    after, newest = None, max(NUMBERS) + 1
    while True:
        with store.reading() as tx:
            facts = page(tx, after)
        if not facts:
            break
        met += [fact.id for fact in facts]
        after = _position(facts[-1])
        with store.writing() as tx:
            # Alerts with such numbers are open, and come before all that are over.
            newest += 3
            save(tx, newest)
    assert len(met) == len(set(met)) == len(NUMBERS)
    assert met == whole


def page_all(tx: Transaction, page: Callable[..., Sequence[Fact]]) -> list[Fact]:
    """Return all facts of a list that nobody changes."""
    found: list[Fact] = []
    while facts := page(tx, _position(found[-1]) if found else None):
        found += facts
    return found


def test_alerts_are_found_by_what_they_say(store: Store) -> None:
    """Alerts are asked for by environment, kind and severity."""
    with store.writing() as tx:
        tx.save_alert(alert(id="a", fingerprint="a", environment="prod", severity=Severity.CRITICAL))
        tx.save_alert(alert(id="b", fingerprint="b", environment="dev", kind=Kind.LATE))
    with store.reading() as tx:
        assert [one.id for one in tx.alerts(environment="prod")] == ["a"]
        assert [one.id for one in tx.alerts(kind=Kind.LATE)] == ["b"]
        assert [one.id for one in tx.alerts(severity=Severity.CRITICAL)] == ["a"]


def test_a_notification_is_found_by_its_id(store: Store) -> None:
    """A notification is there by its whole id, and by nothing less."""
    with store.writing() as tx:
        _save_notification(tx, 1)
    with store.reading() as tx:
        found = tx.notification("id1")
        assert found is not None
        assert found.channel == "ops"
        assert tx.notification("id") is None
