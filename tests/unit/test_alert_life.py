"""The life of an alert: what a finding makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import alert, at, finding
from tocsin.core.alert import Alert, Change, State, acknowledge, advance, resolve
from tocsin.core.finding import Kind, Topic, fingerprint
from tocsin.core.run import Stage
from tocsin.core.severity import Severity


def test_a_first_finding_opens_an_alert() -> None:
    """Without an open alert a finding opens one, with the finding's words and one occurrence."""
    made, change = advance(None, finding(), new_id="a1")

    assert change is Change.OPENED
    assert made is not None
    assert (made.id, made.occurrences, made.state, made.summary) == ("a1", 1, State.FIRING, finding().summary)
    assert made.fingerprint == fingerprint(Topic.DELIVERY, "default", "orders")


@pytest.mark.parametrize(
    ("changes", "expected", "occurrences"),
    [
        # The same again in another run is counted.
        ({"run_id": "run2", "logical_id": "run2"}, Change.REPEATED, 2),
        # Another attempt of the same logical run is no further occurrence.
        ({"run_id": "run2"}, Change.RETRIED, 1),
        # Late becoming failed, failed becoming died: one alert that changes its kind.
        ({"kind": Kind.DIED, "logical_id": "run2"}, Change.KIND_CHANGED, 2),
        # The 503 became a 401: that is news.
        ({"reason_key": "401", "logical_id": "run2"}, Change.REASON_CHANGED, 2),
        # The last attempt failed as well.
        ({"severity": Severity.CRITICAL}, Change.WORSENED, 1),
    ],
)
def test_a_further_finding_names_its_change(changes: dict[str, Any], expected: Change, occurrences: int) -> None:
    """Each way in which a problem goes on has its name, and only other logical runs count."""
    made, change = advance(alert(), finding(at=at(10), **changes), new_id="unused")

    assert (change, made.occurrences if made else None) == (expected, occurrences)
    assert made is not None
    assert (made.id, made.since, made.last_at, made.seq) == ("alert1", at(0), at(10), 2)


def test_a_new_reason_ends_an_acknowledgement() -> None:
    """Whoever acknowledged a 503 has not seen the 401."""
    known, _ = acknowledge(alert(), by="ann", now=at(1))

    same, _ = advance(known, finding(at=at(2), logical_id="run2"), new_id="x")
    other, _ = advance(known, finding(at=at(2), logical_id="run2", reason_key="401"), new_id="x")

    assert same is not None
    assert (same.state, same.acknowledged_by) == (State.ACKNOWLEDGED, "ann")
    assert other is not None
    assert (other.state, other.acknowledged_by) == (State.FIRING, None)


def test_a_recovery_resolves_with_its_reason() -> None:
    """A run that went well ends the alert and says so."""
    made, change = advance(
        alert(), finding(kind=Kind.RECOVERED, at=at(5), stage=Stage.LOAD, summary="a run loaded 5 rows"), new_id="x"
    )

    assert change is Change.RESOLVED
    assert made is not None
    assert (made.state, made.resolved_at, made.resolution) == (State.RESOLVED, at(5), "a run loaded 5 rows")


@pytest.mark.parametrize(
    ("failed", "reached", "expected"),
    [
        # A separate extract() that goes through says nothing about the load that fails.
        (Stage.LOAD, Stage.EXTRACT, Change.NOTHING),
        (Stage.EXTRACT, Stage.EXTRACT, Change.RESOLVED),
        # A script that fails after its pipeline ran is not mended by the pipeline's success.
        (Stage.AFTER, Stage.LOAD, Change.NOTHING),
        (Stage.AFTER, Stage.AFTER, Change.RESOLVED),
        (Stage.BEFORE, Stage.LOAD, Change.RESOLVED),
    ],
)
def test_a_recovery_has_to_reach_the_failed_stage(failed: Stage, reached: Stage, expected: Change) -> None:
    """Only what comes as far as the failure did can mend it."""
    recovery = finding(kind=Kind.RECOVERED, at=at(5), stage=reached)

    assert advance(alert(stage=failed), recovery, new_id="x")[1] is expected


def test_a_recovery_without_an_alert_is_nothing() -> None:
    """A pipeline that is well stays silent."""
    assert advance(None, finding(kind=Kind.RECOVERED), new_id="x") == (None, Change.NOTHING)


def test_old_news_do_not_move_an_alert_backwards() -> None:
    """Events come in any order: an older finding extends the alert into the past and changes nothing else."""
    now = alert(since=at(10), last_at=at(10))

    older, change = advance(now, finding(at=at(3), reason_key="other"), new_id="x")
    recovered, recovery = advance(now, finding(kind=Kind.RECOVERED, at=at(3), stage=Stage.LOAD), new_id="x")

    assert change is Change.NOTHING
    assert older is not None
    assert (older.since, older.last_at, older.reason_key) == (at(3), at(10), "503")
    assert (recovered, recovery) == (now, Change.NOTHING)


def test_acknowledging_and_resolving_twice_changes_nothing() -> None:
    """The second person is told that it is done already."""
    known, first = acknowledge(alert(), by="ann", now=at(1))
    over, ended = resolve(known, resolution="by ann", now=at(2))

    assert (first, ended) == (Change.ACKNOWLEDGED, Change.RESOLVED)
    assert acknowledge(known, by="bob", now=at(2)) == (known, Change.NOTHING)
    assert resolve(over, resolution="by bob", now=at(3)) == (over, Change.NOTHING)
    assert acknowledge(over, by="bob", now=at(3)) == (over, Change.NOTHING)


_FINDINGS = st.builds(
    lambda kind, minute, reason, logical: finding(
        kind=kind, at=at(minute), reason_key=reason, logical_id=logical, run_id=logical, stage=Stage.LOAD
    ),
    st.sampled_from([Kind.FAILED, Kind.DIED, Kind.RECOVERED]),
    st.integers(0, 100),
    st.sampled_from(["503", "401"]),
    st.sampled_from(["r1", "r2", "r3"]),
)


@given(st.lists(_FINDINGS, max_size=30))
def test_whatever_comes_an_alert_stays_in_order(findings: list[Any]) -> None:
    """Under any sequence of findings times are ordered, counts are positive, and `seq` grows with each change."""
    current: Alert | None = None
    for number, each in enumerate(findings):
        before = current
        current, change = advance(current if current and current.open else None, each, new_id=f"a{number}")
        if current is None:
            assert change is Change.NOTHING
            continue
        assert current.since <= current.last_at
        assert current.occurrences >= 1
        assert (current.resolved_at is not None) is (current.state is State.RESOLVED)
        if before is not None and before.id == current.id and change is not Change.NOTHING:
            assert current.seq == before.seq + 1


@pytest.mark.parametrize(
    ("kind", "change"),
    [(Kind.DIED, Change.KIND_CHANGED), (Kind.RECOVERED, Change.RESOLVED), (Kind.LATE, Change.NOTHING)],
)
@pytest.mark.parametrize("told", [Kind.LATE, Kind.STUCK])
def test_the_end_of_a_run_counts_although_it_was_told_as_late_meanwhile(kind: Kind, change: Change, told: Kind) -> None:
    """A death is dated back to the last sign of life, and a report may be late: the end of that very run is news."""
    known = alert(kind=told, last_at=at(10), stage=None)

    made, found = advance(known, finding(kind=kind, at=at(9)), new_id="unused")

    assert made is not None
    assert (found, made.last_at) == (change, at(10))


def test_the_end_of_another_run_that_is_older_changes_nothing() -> None:
    """What was seen later of another run stands."""
    known = alert(kind=Kind.LATE, last_at=at(10), stage=None)

    _, change = advance(known, finding(kind=Kind.RECOVERED, at=at(9), run_id="another"), new_id="unused")

    assert change is Change.NOTHING
