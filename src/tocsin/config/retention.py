"""`[tocsin.retention]`: for how long what is stored is kept."""

from __future__ import annotations

from datetime import timedelta

from tocsin.config.merge import Tree
from tocsin.config.reader import Reader, value_of
from tocsin.config.settings import Setting
from tocsin.core.duration import parse_duration
from tocsin.core.retention import Retention

_SHORTEST, _LONGEST = timedelta(days=7), timedelta(days=36_500)


def read_age(value: object) -> timedelta:
    """Read for how long something is kept.

    Raises:
        ValueError: It is no length of time, or a very short or long one.
    """
    try:
        age = parse_duration(value)
    except OverflowError:
        age = timedelta.max
    if not _SHORTEST <= age <= _LONGEST:
        raise ValueError(f'expected {_SHORTEST.days}d to {_LONGEST.days}d, for example "400d"')
    return age


#: `[tocsin.retention]`
RETENTION = (
    Setting(
        key="events",
        read=read_age,
        default="30d",
        help="Ids of events that were taken in, by which an event that comes a second time is known, and events that a "
        "server could not use.",
    ),
    Setting(
        key="runs",
        read=read_age,
        default="400d",
        help="Runs and slots. The newest run of each pipeline stays, and so do those of open alerts.",
    ),
    Setting(key="alerts", read=read_age, default="400d", help="Alerts and silences that are over."),
    Setting(
        key="messages",
        read=read_age,
        default="90d",
        help="Notifications, their deliveries and groups. Those about open alerts stay, and alerts stay for as long as "
        "notifications about them.",
    ),
)


def read_retention(reader: Reader, tree: Tree) -> Retention:
    """Return what the table says, with the defaults for what it does not say."""
    given = reader.read(tree, RETENTION, "tocsin.retention")
    default = Retention()
    return Retention(
        events=value_of(given, "events", default.events),
        runs=value_of(given, "runs", default.runs),
        alerts=value_of(given, "alerts", default.alerts),
        messages=value_of(given, "messages", default.messages),
    )
