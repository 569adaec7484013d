"""What routes can ask of an alert."""

from __future__ import annotations

from tocsin.core.alert import Alert


def labels_of(alert: Alert, *, owner: str = "") -> dict[str, str]:
    """Return what matchers can ask of an alert."""
    return {
        "pipeline": alert.subject if alert.topic != "channel" else "",
        "channel": alert.subject if alert.topic == "channel" else "",
        "environment": alert.environment,
        "severity": alert.severity.value,
        "kind": alert.kind.value,
        "topic": alert.topic.value,
        "owner": owner,
    }
