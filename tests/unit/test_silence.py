"""What a silence mutes and when, and what cannot be meant."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from made import at
from tocsin.core.matchers import parse_matcher
from tocsin.core.route import LABELS
from tocsin.core.silence import Silence, State, check_silence, end_early, silenced_by

LABELS_OF_ORDERS = {"pipeline": "orders", "severity": "error"}


def silence(*conditions: str, silence_id: str = "s1", **changes: Any) -> Silence:
    """Return a silence from minute 10 to minute 20."""
    made = Silence(
        id=silence_id,
        matchers=tuple(parse_matcher(text, labels=LABELS) for text in conditions or ("pipeline=orders",)),
        starts_at=at(10),
        ends_at=at(20),
        reason="moving",
        author="ada",
        created_at=at(0),
    )
    return replace(made, **changes)


def test_a_silence_begins_and_ends() -> None:
    """It is active from its start on and not at its end any more."""
    states = [silence().state(at(minute)) for minute in (9.9, 10, 19.9, 20)]

    assert states == [State.PENDING, State.ACTIVE, State.ACTIVE, State.EXPIRED]


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        # Before it has begun it never mutes.
        (5, [State.EXPIRED, State.EXPIRED]),
        # While it is active.
        (15, [State.ACTIVE, State.EXPIRED]),
    ],
)
def test_a_silence_can_end_early(minute: float, expected: list[State]) -> None:
    """Somebody ends it, and from then on it mutes nothing."""
    ended = end_early(silence(), by="bob", now=at(minute))

    assert (ended.ended_by, ended.over_at) == ("bob", at(minute))
    assert [ended.state(at(12)), ended.state(at(16))] == expected


def test_what_is_over_does_not_end_again() -> None:
    """The end of a silence that has ended by itself stays what it was."""
    assert end_early(silence(), by="bob", now=at(20)) == silence()


@pytest.mark.parametrize(
    ("conditions", "minute", "muted"),
    [
        (("pipeline=orders",), 15, True),
        # All of the conditions have to hold.
        (("pipeline=orders", "severity=critical"), 15, False),
        (("pipeline=~ord.*", "severity!=critical"), 15, True),
        # A label that is not there counts as empty.
        (("owner=data-team",), 15, False),
        # Not yet, and not any more.
        (("pipeline=orders",), 5, False),
        (("pipeline=orders",), 20, False),
    ],
)
def test_a_silence_mutes_what_fits_while_it_is_active(
    conditions: tuple[str, ...], minute: float, *, muted: bool
) -> None:
    """Conditions and time decide together."""
    found = silenced_by(LABELS_OF_ORDERS, [silence(*conditions)], at(minute))

    assert (found is not None) is muted


def test_of_several_silences_the_one_that_lasts_longest_is_named() -> None:
    """Until its end the alert stays muted, whatever the others say."""
    longest = silence(silence_id="long", ends_at=at(60))
    ended = silence(silence_id="ended", ends_at=at(90), ended_at=at(14), ended_by="bob")

    assert silenced_by(LABELS_OF_ORDERS, [silence(), longest, ended], at(15)) == longest


@pytest.mark.parametrize(
    ("conditions", "everything"),
    [
        (("pipeline=orders",), False),
        # Few is not all, and all but one is not all.
        (("pipeline=~[a-z]+",), False),
        (("severity!=critical",), False),
        (('pipeline!~"billing.*"',), False),
        # One condition that narrows is enough.
        (('pipeline=~".*"', "environment=dev"), False),
        (('channel=""',), False),
        # Everything, in several ways.
        ((), True),
        (('pipeline=~".*"',), True),
        # No alert comes without an environment: nothing is left out.
        (('environment=~".+"',), True),
        (('pipeline!=""',), True),
        (('pipeline=~".*"', 'severity!~""'), True),
    ],
)
def test_a_silence_mutes_everything_only_where_that_is_said(conditions: tuple[str, ...], *, everything: bool) -> None:
    """Conditions that leave nothing out are refused, unless it is said that everything is meant."""
    made = tuple(parse_matcher(text, labels=LABELS) for text in conditions)

    def check(*, said: bool) -> None:
        check_silence(made, starts_at=at(0), ends_at=at(1), now=at(0), reason="x", everything=said)

    check(said=True)
    if not everything:
        check(said=False)
        return
    with pytest.raises(ValueError, match=r"would mute everything: .*write for example 'pipeline=\"orders\"', or --ev"):
        check(said=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ends_at": at(0)}, r"would end at 2026-11-23T12:00:00\+00:00, before it starts at .*write for example --for"),
        ({"now": at(20)}, r"would have ended already, at 2026-11-23T12:20:00\+00:00; write for example --for 2h"),
        ({"reason": " "}, r'needs a reason; write for example --reason "the'),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused(changes: dict[str, Any], message: str) -> None:
    """The message says what was found and what to type."""
    given: dict[str, Any] = {"starts_at": at(10), "ends_at": at(20), "now": at(0), "reason": "moving"} | changes

    with pytest.raises(ValueError, match=message):
        check_silence(silence().matchers, **given)
