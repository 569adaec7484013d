"""What receivers that keep alerts of their own get, as it was looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from made import alert
from sample_messages import ACKNOWLEDGED, AT, FAILED, HOSTILE, LONG, NOTE, RECOVERED
from tocsin.channels import alertmanager, opsgenie, pagerduty
from tocsin.channels.base import Outgoing
from tocsin.core.codec import encode
from tocsin.core.outbox import Receipt
from tocsin.core.severity import Severity

Golden = Callable[[str, str], None]


def _about(severity: Severity = Severity.ERROR) -> dict[str, object]:
    """Return the facts that come with a message about a pipeline."""
    made = alert(environment="prod", severity=severity, since=AT, last_at=AT)
    return {"alert": encode(made), "owner": "data-team"}


#: What each channel keeps of the first message.
_ALIAS = Receipt(reference={"alias": "3f2a9c"})
_LABELS = Receipt(reference={"alertname": "TocsinDelivery", "alert_id": "3f2a9c", "severity": "error"})
_WORSE = replace(FAILED, severity=Severity.CRITICAL, data=_about(Severity.CRITICAL))
#: Messages, and whether they are the first about their alert.
SCENES = {
    "failed": (replace(FAILED, data=_about()), True),
    "worse": (_WORSE, False),
    "acknowledged": (replace(ACKNOWLEDGED, data=_about()), False),
    "recovered": (replace(RECOVERED, data=_about()), False),
    "note": (NOTE, True),
    "long": (LONG, True),
    "hostile": (HOSTILE, True),
}
each_scene = pytest.mark.parametrize("name", SCENES)


@each_scene
def test_pagerduty(name: str, same_as_golden: Golden) -> None:
    """PagerDuty gets what people read as a table of details."""
    both = [pagerduty.event(outgoing) for outgoing in _forms(name, Receipt())]
    same_as_golden(f"pagerduty/{name}.json", _json(both))


@each_scene
def test_opsgenie(name: str, same_as_golden: Golden) -> None:
    """Opsgenie gets one request a message, and a note beside it where something is new about an alert."""
    both = [dict(opsgenie.requests(outgoing)) for outgoing in _forms(name, _ALIAS)]
    same_as_golden(f"opsgenie/{name}.json", _json(both))


@each_scene
def test_alertmanager(name: str, same_as_golden: Golden) -> None:
    """Alertmanager gets labels to route by and annotations to read."""
    now = datetime(2026, 11, 23, 6, tzinfo=UTC)
    week = timedelta(days=7)
    both = [alertmanager.alerts(outgoing, now=now, ends_after=week) for outgoing in _forms(name, _LABELS)]
    same_as_golden(f"alertmanager/{name}.json", _json(both))


def _forms(name: str, kept: Receipt) -> list[Outgoing]:
    """Return the message in its full form and in the plain one."""
    message, first = SCENES[name]
    return [
        Outgoing(key="m1", message=message, plain=plain, previous=None if first else kept) for plain in (False, True)
    ]


def _json(made: object) -> str:
    return json.dumps(made, indent=1, ensure_ascii=False)
