"""Who is told, and why not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from made import alert, at
from tocsin.core.alert import Change, State
from tocsin.core.finding import Kind
from tocsin.core.notify import Reason, Told, saying, should_notify
from tocsin.core.policy import Policy
from tocsin.core.severity import Severity

_TOLD = Told(at=at(0), seq=1, said=saying(alert()))
_PASSING = {"kind": Kind.SCHEMA}
_TOLD_OF_IT = Told(at=at(0), seq=1, said=saying(alert(kind=Kind.SCHEMA)))
_ACKNOWLEDGED = {"state": State.ACKNOWLEDGED, "acknowledged_by": "ann"}
_RESOLVED = {"state": State.RESOLVED, "resolved_at": at(1)}


@pytest.mark.parametrize(
    ("changes", "change", "told", "minutes", "expected"),
    [
        ({}, Change.OPENED, None, 0, Reason.NEW),
        # A pipeline that fails every minute is told once.
        ({}, Change.REPEATED, _TOLD, 1, Reason.ALREADY_TOLD),
        ({}, Change.REPEATED, _TOLD, 239, Reason.ALREADY_TOLD),
        ({}, Change.REPEATED, _TOLD, 240, Reason.REPEAT),
        # Time alone repeats as well, for a pipeline that runs once a day.
        ({}, Change.NOTHING, _TOLD, 240, Reason.REPEAT),
        ({}, Change.RETRIED, _TOLD, 1, Reason.ALREADY_TOLD),
        ({"kind": Kind.LATE}, Change.KIND_CHANGED, _TOLD, 1, Reason.KIND_CHANGED),
        ({"reason_key": "401"}, Change.REASON_CHANGED, _TOLD, 1, Reason.REASON_CHANGED),
        ({"severity": Severity.CRITICAL}, Change.WORSENED, _TOLD, 1, Reason.WORSENED),
        # What has changed while nobody could be told is told when time alone has passed.
        ({"reason_key": "401"}, Change.NOTHING, _TOLD, 1, Reason.REASON_CHANGED),
        # What changed back in the meantime is no news.
        ({}, Change.REASON_CHANGED, _TOLD, 1, Reason.ALREADY_TOLD),
        # What has happened and does not go on is told once: neither time nor its end is news.
        (_PASSING, Change.OPENED, None, 0, Reason.NEW),
        (_PASSING, Change.NOTHING, _TOLD_OF_IT, 240, Reason.PASSED),
        (_PASSING, Change.REPEATED, _TOLD_OF_IT, 240, Reason.PASSED),
        ({**_PASSING, "reason_key": "another"}, Change.REASON_CHANGED, _TOLD_OF_IT, 1, Reason.REASON_CHANGED),
        ({**_PASSING, **_RESOLVED}, Change.RESOLVED, _TOLD_OF_IT, 1, Reason.PASSED),
        ({**_PASSING, **_RESOLVED}, Change.RESOLVED, None, 1, Reason.NEVER_TOLD),
        ({**_PASSING, **_RESOLVED, "resolved_by": "ann"}, Change.RESOLVED, _TOLD_OF_IT, 1, Reason.RECOVERED),
        # A channel that was added while the alert was open hears of it at the next finding.
        ({}, Change.REPEATED, None, 1, Reason.NEW),
        # An acknowledged problem is not repeated, but its end is told.
        (_ACKNOWLEDGED, Change.NOTHING, _TOLD, 600, Reason.ALREADY_ACKNOWLEDGED),
        (_ACKNOWLEDGED, Change.ACKNOWLEDGED, _TOLD, 1, Reason.ACKNOWLEDGED),
        (_RESOLVED, Change.RESOLVED, _TOLD, 1, Reason.RECOVERED),
        # Whoever never heard of a problem need not hear that it is over.
        (_RESOLVED, Change.RESOLVED, None, 1, Reason.NEVER_TOLD),
        (_ACKNOWLEDGED, Change.ACKNOWLEDGED, None, 1, Reason.NEVER_TOLD),
        ({"severity": Severity.INFO}, Change.OPENED, None, 0, Reason.TOO_LOW),
        (_RESOLVED, Change.NOTHING, _TOLD, 600, Reason.NOTHING_NEW),
        (_RESOLVED, Change.NOTHING, None, 600, Reason.NOTHING_NEW),
    ],
)
def test_each_case_has_its_reason(
    changes: dict[str, Any], change: Change, told: Told | None, minutes: float, expected: Reason
) -> None:
    """The decision is a named reason, for telling and for silence."""
    policy = Policy(repeat_every=timedelta(hours=4))

    assert should_notify(alert(**changes), change, told, policy, at(minutes)) is expected


def test_reasons_say_whether_they_tell() -> None:
    """Every reason for silence says so in its words, because people read them."""
    told = {name for name in Reason.__members__ if not Reason[name].value.startswith("not told: ")}

    assert {reason.name for reason in Reason if reason.tells} == told
    assert {"ALREADY_TOLD", "SILENCED", "TOO_LOW", "NEVER_TOLD"}.isdisjoint(told)
