"""Who knows of a problem, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tocsin.core.outbox import Notification, Status


def last_words(notifications: Iterable[Notification]) -> list[Notification]:
    """Return for each channel the last it was told of an alert, or else why it was not, by channel.

    Args:
        notifications: What was decided about one alert, newest first.
    """
    last: dict[str, Notification] = {}
    for one in notifications:
        known = last.setdefault(one.channel, one)
        if known.status is Status.NOT_TOLD and one.status is not Status.NOT_TOLD:
            last[one.channel] = one
    return [last[channel] for channel in sorted(last)]


def who_knows(words: Sequence[Notification]) -> str:
    """Return "slack, pager (waiting after 2 tries: 503 …)"."""
    return ", ".join(_knows(one) for one in words) or "nobody, because there was no channel"


def progress(one: Notification) -> str:
    """Return where a message is on its way, in words."""
    because = f": {one.last_error}" if one.last_error else ""
    tries = f" after {one.attempts:,} {'try' if one.attempts == 1 else 'tries'}" if one.attempts else ""
    match one.status:
        case Status.WAITING:
            return f"waiting{tries}{because}"
        case Status.DEAD:
            return f"given up{tries}{because}"
    return one.status.value


def _knows(one: Notification) -> str:
    if one.status is Status.SENT:
        return one.channel
    if one.status is Status.GROUPED and one.group_id is not None:
        return f"{one.channel} (in group {one.group_id[:8]})"
    return f"{one.channel} ({one.reason if one.status is Status.NOT_TOLD else progress(one)})"
