"""What routes and silences can ask of an alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Settings hold conditions on labels, and are read where no alert is ever made.
    from tocsin.core.alert import Alert

#: Values by label; several values for `tags`.
Labels = Mapping[str, str | tuple[str, ...]]


def labels_of(alert: Alert, *, owner: str = "", tags: Sequence[str] = ()) -> Labels:
    """Return what matchers can ask of an alert.

    Args:
        alert: The alert. What its rule knows of owner and table counts.
        owner: Who owns the pipeline, where the alert does not say.
        tags: The pipeline's tags.
    """
    about_channel = alert.topic == "channel"
    return {
        "pipeline": "" if about_channel else alert.subject,
        "channel": alert.subject if about_channel else "",
        "environment": alert.environment,
        "severity": alert.severity.value,
        "kind": alert.kind.value,
        "topic": alert.topic.value,
        "owner": alert.traits.get("owner", "") or owner,
        "table": alert.traits.get("table", ""),
        "check": alert.item if alert.topic == "check" else "",
        "tags": tuple(tags),
    }
