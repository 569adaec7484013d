"""By how much one clock is ahead of another."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from made import NOON
from tocsin.core.clock_skew import ClockEstimate, better, measure

_SECONDS = st.floats(min_value=0, max_value=60).map(lambda seconds: timedelta(seconds=seconds))
_DIFFERENCES = st.floats(min_value=-86_400, max_value=86_400).map(lambda seconds: timedelta(seconds=seconds))
#: A microsecond is the smallest step of a clock here.
_ROUNDING = timedelta(microseconds=2)


def estimate(ahead: float, error: float, at: datetime = NOON) -> ClockEstimate:
    """Return an estimate, in seconds."""
    return ClockEstimate(ahead=timedelta(seconds=ahead), error=timedelta(seconds=error), at=at)


@given(there=_SECONDS, back=_SECONDS, ahead=_DIFFERENCES)
def test_the_truth_lies_within_the_error_however_slow_either_way_was(
    there: timedelta, back: timedelta, ahead: timedelta
) -> None:
    """A server may freeze before or after it reads its clock: the estimate knows how wrong it may be."""
    found = measure(sent=NOON + ahead, took=there + back, answered=NOON + there)
    assert abs(found.ahead - ahead) <= found.error + _ROUNDING


@given(there=_SECONDS, back=_SECONDS)
@example(there=timedelta(microseconds=1953), back=timedelta(0))
def test_clocks_that_agree_are_never_corrected(there: timedelta, back: timedelta) -> None:
    """No slowness makes a difference of its own."""
    found = measure(sent=NOON, took=there + back, answered=NOON + there)
    assert abs(found.correction(NOON)) <= _ROUNDING


def test_a_difference_that_may_be_an_error_is_none() -> None:
    """An estimate with an error larger than itself is worth nothing, and each gets worse with time."""
    assert estimate(2, 3).correction(NOON) == timedelta(0)
    assert estimate(-300, 3).correction(NOON) == timedelta(seconds=-300)
    # A ten-thousandth of a day are nearly nine seconds.
    assert estimate(5, 0.1).correction(NOON + timedelta(days=1)) == timedelta(0)


def test_the_more_exact_estimate_is_kept_until_drift_makes_it_worse() -> None:
    """A quick answer goes before a slow one, for as long as it is fresh."""
    exact = estimate(300, 0.01)
    soon, later = NOON + timedelta(seconds=10), NOON + timedelta(days=1)
    assert better(None, exact) == exact
    assert better(exact, estimate(301, 2, soon)) == exact
    assert better(exact, estimate(301, 2, later)) == estimate(301, 2, later)
    assert better(exact, estimate(300, 0.005, soon)) == estimate(300, 0.005, soon)


def test_a_clock_that_was_moved_is_noticed_at_once() -> None:
    """Two estimates that cannot both be right: the newer one is."""
    moved = estimate(0, 2, NOON + timedelta(seconds=10))
    assert better(estimate(300, 0.01), moved) == moved


def test_an_estimate_from_the_future_was_made_by_another_clock() -> None:
    """After the clock was set back the old estimate does not stay for ever."""
    new = estimate(0, 1)
    assert better(estimate(300, 0.01, NOON + timedelta(hours=1)), new) == new
