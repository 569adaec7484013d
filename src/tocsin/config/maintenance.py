"""One entry of `[[tocsin.maintenance]]` becomes a Maintenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from tocsin.core.maintenance import Maintenance
from tocsin.core.matchers import parse_matcher
from tocsin.core.route import LABELS
from tocsin.core.silence import mutes_everything, no_limit
from tocsin.core.time_window import parse_window


def read_maintenance(given: Mapping[str, object], *, name: str, timezone: str, origin: str) -> Maintenance:
    """Return the maintenance that the values of one entry describe.

    Half of an entry is worse than none: without one of its conditions it would mute more than is meant.

    Args:
        given: Values by the keys of `settings.MAINTENANCE`.
        name: What to call it where it has no name of its own.
        timezone: The zone of windows that name none.
        origin: The file in which it stands.

    Raises:
        ValueError: Something is missing, cannot be read, or everything would be muted although nobody has said so.
    """
    texts = cast("Sequence[str]", given.get("when", ()))
    if not texts:
        raise ValueError('"when" is missing; write for example when = ["sun 02:00-04:00"]')
    matchers = tuple(parse_matcher(text, labels=LABELS) for text in cast("Sequence[str]", given.get("match", ())))
    if mutes_everything(matchers) and not given.get("everything", False):
        raise ValueError(
            f"it would mute everything: {no_limit(matchers)}; write for example match = ['environment=\"prod\"'], "
            "or everything = true if that is meant"
        )
    return Maintenance(
        name=str(given.get("name", name)),
        matchers=matchers,
        windows=tuple(parse_window(text, zone=timezone) for text in texts),
        reason=str(given.get("reason", "")),
        origin=origin,
    )
