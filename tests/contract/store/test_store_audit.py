"""The audit trail, on every store."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from made import NOON, at
from tocsin.core.access import COMMAND_LINE, Action, AuditEntry
from tocsin.store.protocol import Store


def entry(subject: str = "alert1", **changes: Any) -> AuditEntry:
    """Return that Ann acknowledged an alert at noon."""
    made = AuditEntry(at=NOON, actor="ann", origin=COMMAND_LINE, action=Action.ACKNOWLEDGE, subject=subject)
    return replace(made, **changes)


def test_an_entry_comes_back_with_its_number(store: Store) -> None:
    """Every field survives, odd characters too, and numbers count upwards."""
    full = entry("ann \ud800\0", actor="key ci", origin="192.0.2.7", action=Action.LOGIN_FAILED, detail="wrong \0")
    with store.writing() as tx:
        tx.add_audit([entry()])
        tx.add_audit([full])
    with store.writing() as tx:
        tx.add_audit([entry("alert2")])
    with store.reading() as tx:
        newest, second, first = tx.audit()
    assert first.number < second.number < newest.number
    assert (first, second) == (entry(number=first.number), replace(full, number=second.number))


def test_what_was_not_committed_did_not_happen(store: Store) -> None:
    """An entry goes with the act that it tells of."""
    with suppress(ZeroDivisionError), store.writing() as tx:
        tx.add_audit([entry()])
        raise ZeroDivisionError
    with store.reading() as tx:
        assert tx.audit() == []


def test_entries_are_asked_for_by_who_what_and_which(store: Store) -> None:
    """Every question narrows the answer, and pages follow one another without a gap."""
    with store.writing() as tx:
        for number in range(4):
            tx.add_audit([entry(str(number), actor="ann" if number % 2 else "bob")])
        tx.add_audit([entry("1", action=Action.RESOLVE)])

    def subjects(**asked: Any) -> str:
        with store.reading() as tx:
            return "".join(each.subject for each in tx.audit(**asked))

    assert subjects() == "13210"
    assert subjects(actor="ann") == "131"
    assert subjects(subject="1") == "11"
    assert subjects(subject="1", action=Action.RESOLVE, actor="ann") == "1"
    assert subjects(actor="eve") == ""
    assert subjects(limit=2) == "13"
    with store.reading() as tx:
        last = tx.audit(limit=2)[-1]
    assert subjects(before=last.number) == "210"


def test_failed_logins_are_counted_by_name_and_by_address(store: Store) -> None:
    """What went well, and what is longer ago, does not count; counting ends where it is enough."""
    failed = entry("ann", action=Action.LOGIN_FAILED, origin="192.0.2.7")
    with store.writing() as tx:
        tx.add_audit([failed])
        for minute in (1, 2):
            tx.add_audit([replace(failed, at=at(minute))])
        tx.add_audit([replace(failed, at=at(3), subject="bob")])
        tx.add_audit([replace(failed, at=at(4), origin="::1")])
        tx.add_audit([replace(failed, at=at(5), action=Action.LOGIN)])
    with store.reading() as tx:
        assert tx.count_failed_logins(since=NOON, most=9, user="ann") == 3
        assert tx.count_failed_logins(since=NOON, most=9, origin="192.0.2.7") == 3
        assert tx.count_failed_logins(since=at(2), most=9, user="ann") == 1
        assert tx.count_failed_logins(since=NOON, most=2, user="ann") == 2
        assert tx.count_failed_logins(since=NOON, most=9, user="eve") == 0
