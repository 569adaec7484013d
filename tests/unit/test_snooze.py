"""An alert that is put off, and the place where it is dealt with."""

from __future__ import annotations

from typing import Any

import pytest

from made import alert, at, finding
from tocsin.core.alert import Change, State, acknowledge, advance, note_issue, resolve, snooze
from tocsin.core.finding import Kind
from tocsin.core.severity import Severity


def test_a_snooze_puts_an_alert_off() -> None:
    """Who did it and until when is kept, and it counts as a change."""
    put_off, change = snooze(alert(told_at=at(0)), until=at(60), by="ann", now=at(1))

    assert change is Change.SNOOZED
    assert (put_off.snoozed_until, put_off.snoozed_by, put_off.state) == (at(60), "ann", State.FIRING)
    # Somebody knows of it: escalation begins anew after the snooze.
    assert (put_off.told_at, put_off.seq) == (None, 2)


def test_a_snooze_and_an_acknowledgement_take_each_others_place() -> None:
    """What is acknowledged is told no more and what is snoozed is told later: the last word counts."""
    known, _ = acknowledge(alert(), by="ann", now=at(1))
    put_off, _ = snooze(known, until=at(60), by="bob", now=at(2))
    known_again, change = acknowledge(put_off, by="ann", now=at(3))

    assert (put_off.state, put_off.acknowledged_by, put_off.acknowledged_at) == (State.FIRING, None, None)
    assert change is Change.ACKNOWLEDGED
    assert (known_again.snoozed_until, known_again.snoozed_by) == (None, None)


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        # The same again, in this run or another, is what was put off.
        ({"run_id": "run2"}, False),
        ({"run_id": "run2", "logical_id": "run2"}, False),
        # Something new.
        ({"kind": Kind.DIED}, True),
        ({"reason_key": "401"}, True),
        ({"severity": Severity.CRITICAL}, True),
    ],
)
def test_only_something_new_ends_a_snooze_early(changes: dict[str, Any], *, ends: bool) -> None:
    """Whoever put it off has not seen what is new."""
    put_off, _ = snooze(alert(), until=at(60), by="ann", now=at(1))

    now, _ = advance(put_off, finding(at=at(2), **changes), new_id="x")

    assert now is not None
    assert (now.snoozed_until, now.snoozed_by) == ((None, None) if ends else (at(60), "ann"))


def test_what_is_over_or_past_is_not_snoozed() -> None:
    """Neither a problem that is over, nor a moment that has passed, nor the same snooze once more changes anything."""
    over, _ = resolve(alert(), resolution="mended", now=at(1))
    put_off, _ = snooze(alert(), until=at(60), by="ann", now=at(1))

    assert snooze(over, until=at(60), by="ann", now=at(2)) == (over, Change.NOTHING)
    assert snooze(alert(), until=at(60), by="ann", now=at(60)) == (alert(), Change.NOTHING)
    assert snooze(put_off, until=at(60), by="ann", now=at(2)) == (put_off, Change.NOTHING)


def test_a_known_issue_stays_with_the_alert() -> None:
    """Neither another run nor another reason takes it away; an empty text does."""
    noted, change = note_issue(alert(), link=" https://tickets.internal/7 ")
    again, _ = advance(noted, finding(at=at(2), reason_key="401"), new_id="x")

    assert (noted.known_issue, change, noted.seq) == ("https://tickets.internal/7", Change.ISSUE_NOTED, 2)
    assert again is not None
    assert again.known_issue == "https://tickets.internal/7"
    assert note_issue(noted, link="https://tickets.internal/7") == (noted, Change.NOTHING)
    assert note_issue(noted, link="")[0].known_issue == ""
