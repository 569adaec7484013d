r"""The tables, once for every database.

`data` holds the whole fact as JSON text. The columns beside it repeat what queries search and sort by, so a new field
of a fact needs no migration. The text is plain ASCII (`\u0000` and lone surrogates are escapes in it): whatever an
exception says can be kept, in databases too that refuse such characters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
    literal,
    literal_column,
    true,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

#: Version of these tables; a store with a higher one was written by a newer Tocsin.
SCHEMA_VERSION = 2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime as microseconds since 1970 in UTC.

    A number sorts, compares and indexes alike in every database and loses nothing. SQLite has no time type, and
    texts with offsets sort wrongly.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Return the number for `value`."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def result_processor(self, _dialect: Dialect, _coltype: object) -> Callable[[int | None], datetime | None]:
        """Return what makes the moment of a number; of `process_result_value` each value would cost a call more."""
        return _moment


def _moment(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(microseconds=value)


#: Earlier than everything.
BEGINNING = literal(datetime.min.replace(tzinfo=UTC), Moment())


#: Bytes. PostgreSQL puts rows of up to 2,704 into an index (a third of a page), and ours have up to four keys.
_LONGEST_KEY, _HASH = 600, 64


class Key(TypeDecorator[str]):
    """A short text that rows are found by, sorted by code point so that a prefix is a range.

    NUL and lone surrogates, which databases refuse, are written as backslash escapes, and what is too long for an index
    ends in its hash. Keys are only compared, never read back: the fact itself comes from `data`.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """Return the type whose order is by code point; PostgreSQL would otherwise sort by the rules of a language."""
        return Text(collation="C") if dialect.name == "postgresql" else Text()

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Return `value` without what a database refuses."""
        return None if value is None else key_of(value)


def key_of(text: str) -> str:
    """Return what a database keeps of a text that rows are found by."""
    key = text.encode(errors="backslashreplace").replace(b"\0", b"\\x00")
    if len(key) > _LONGEST_KEY:
        key = key[: _LONGEST_KEY - _HASH] + hashlib.sha256(key).hexdigest().encode()
    return key.decode(errors="ignore")


metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Key, primary_key=True),
    Column("pipeline", Key, nullable=False),
    Column("environment", Key, nullable=False),
    Column("outcome", Key, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("logical_id", Key, nullable=False),
    Column("attempt", Integer().with_variant(BigInteger, "postgresql"), nullable=False),
    Column("origin", Key, nullable=False),
    Column("data", Text, nullable=False),
)

#: Each pipeline that has ever run, with its newest run: what is asked of all pipelines reads no history.
pipelines = Table(
    "pipelines",
    metadata,
    Column("pipeline", Key, primary_key=True),
    Column("environment", Key, primary_key=True),
    Column("run_id", Key, nullable=False),
    Column("outcome", Key, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

days = Table(
    "days",
    metadata,
    Column("pipeline", Key, primary_key=True),
    Column("environment", Key, primary_key=True),
    # As in ISO 8601, which sorts rightly.
    Column("day", Key, primary_key=True),
    Column("data", Text, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("fingerprint", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("environment", Key, nullable=False),
    Column("kind", Key, nullable=False),
    Column("severity", Key, nullable=False),
    Column("run_id", Key),
    Column("open", Boolean, nullable=False),
    Column("last_at", Moment, nullable=False),
    # When time alone may have something to tell. It belongs to the engine's plan and not to the fact.
    Column("look_at", Moment),
    Column("data", Text, nullable=False),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Key, primary_key=True),
    Column("over_at", Moment, nullable=False),
    # Whether the engine has noticed its end.
    Column("closed", Boolean, nullable=False),
    Column("data", Text, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", Key, nullable=False),
    Column("alert_id", Key),
    Column("seq", Integer, nullable=False),
    Column("status", Key, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("said", Key, nullable=False),
    Column("group_id", Key),
    Column("group_seq", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Moment),
    Column("lease_owner", Key),
    Column("data", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    # SQLite numbers rows by itself only where the type is exactly INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("notification_id", Key, nullable=False),
    # Null where the notification was gone before there was this column.
    Column("channel", Key),
    Column("at", Moment, nullable=False),
    Column("data", Text, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", Key, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("data", Text, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("alert_id", Key, primary_key=True),
    Column("channel", Key, primary_key=True),
    Column("data", Text, nullable=False),
)

channels = Table(
    "channels",
    metadata,
    Column("channel", Key, primary_key=True),
    Column("not_before", Moment),
    Column("disabled_at", Moment),
    Column("data", Text, nullable=False),
)

expectations = Table(
    "expectations",
    metadata,
    Column("pipeline", Key, primary_key=True),
    Column("environment", Key, primary_key=True),
    Column("next_slot_at", Moment),
    Column("data", Text, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", Key, primary_key=True),
    Column("pipeline", Key, nullable=False),
    Column("environment", Key, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("resolved", Boolean, nullable=False),
    # When the slot has to be looked at next. It belongs to the engine's plan and not to the fact.
    Column("check_at", Moment),
    Column("data", Text, nullable=False),
)

learned_orders = Table(
    "learned_orders",
    metadata,
    Column("environment", Key, primary_key=True),
    Column("downstream", Key, primary_key=True),
    Column("upstream", Key, primary_key=True),
    Column("data", Text, nullable=False),
)

series = Table(
    "series",
    metadata,
    Column("pipeline", Key, primary_key=True),
    Column("environment", Key, primary_key=True),
    Column("measure", Key, primary_key=True),
    Column("item", Key, primary_key=True),
    Column("data", Text, nullable=False),
)

check_histories = Table(
    "check_histories",
    metadata,
    Column("pipeline", Key, primary_key=True),
    Column("environment", Key, primary_key=True),
    Column("check", Key, primary_key=True),
    # How bad the last result is, below 0, so that what is worst comes first.
    Column("rank", Integer),
    Column("data", Text, nullable=False),
)

schemas = Table(
    "schemas",
    metadata,
    Column("pipeline", Key, primary_key=True),
    Column("environment", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("data", Text, nullable=False),
)

freshness = Table(
    "freshness",
    metadata,
    Column("environment", Key, primary_key=True),
    Column("pipeline", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("due_at", Moment),
    Column("data", Text, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Key, primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("data", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Key, primary_key=True),
    Column("identity", Key),
    Column("data", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    # The hash of the token.
    Column("id", Key, primary_key=True),
    Column("user", Key, nullable=False),
    Column("over_at", Moment, nullable=False),
    Column("data", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Key, nullable=False),
    Column("origin", Key, nullable=False),
    Column("action", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("data", Text, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    # See `deliveries`.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("event_id", Key, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
    # Microseconds.
    Column("clock_ahead", BigInteger, nullable=False),
    # Why it cannot be used; null for what waits.
    Column("refused", Key),
)

# A database uses a partial index only for a query that repeats its condition with the same literal, never with a
# bound value. Queries therefore use these.
RUNNING = runs.c.outcome == literal_column("'running'")
OPEN = alerts.c.open.is_(true())
TO_CLOSE = silences.c.closed.is_(false())
WAITING = notifications.c.status == literal_column("'waiting'")
TO_LOOK_AT = alerts.c.look_at.is_not(None)
GROUPED = notifications.c.group_id.is_not(None)
OPEN_GROUP = groups.c.open.is_(true())
DUE_GROUP = groups.c.due_at.is_not(None)
TO_CHECK = slots.c.check_at.is_not(None)
TO_STALE = freshness.c.due_at.is_not(None)
TO_TAKE_IN = inbox.c.refused.is_(None)
REFUSED = inbox.c.refused.is_not(None)
IDENTIFIED = users.c.identity.is_not(None)
FAILED_LOGIN = audit.c.action == literal_column("'login failed'")

# `sqlite_where` is the one place of these conditions: whoever makes the tables in PostgreSQL copies them to its own
# option. Naming that one here would import SQLAlchemy's PostgreSQL dialect, for nothing and for long.
Index(
    "runs_by_pipeline",
    runs.c.pipeline,
    runs.c.environment,
    runs.c.started_at.desc(),
    # What is asked of many runs at once: each of them lies on another page of the table.
    runs.c.ended_at,
    runs.c.outcome,
    runs.c.origin,
    runs.c.logical_id,
    runs.c.id,
)
Index("runs_by_start", runs.c.started_at.desc())
Index("runs_by_end", runs.c.environment, runs.c.ended_at.desc(), runs.c.pipeline)
Index("runs_running", runs.c.started_at.desc(), sqlite_where=RUNNING)

Index("pipelines_by_outcome", pipelines.c.outcome, pipelines.c.environment)
Index("events_by_age", events.c.at)

# Without the column of their own condition SQLite, which counts what a condition fixes, may prefer another index.
Index(
    "alerts_open",
    alerts.c.subject,
    alerts.c.environment,
    alerts.c.open,
    alerts.c.kind,
    alerts.c.severity,
    sqlite_where=OPEN,
)
Index("alerts_open_by_run", alerts.c.run_id, alerts.c.open, sqlite_where=OPEN)
Index("alerts_one_open", alerts.c.fingerprint, unique=True, sqlite_where=OPEN)
Index("alerts_by_fingerprint", alerts.c.fingerprint, alerts.c.open, alerts.c.last_at.desc())
Index("alerts_to_look_at", alerts.c.look_at, sqlite_where=TO_LOOK_AT)
Index("alerts_open_first", alerts.c.open.desc(), alerts.c.last_at.desc())
Index("alerts_by_subject", alerts.c.subject, alerts.c.open.desc(), alerts.c.last_at.desc())

Index("silences_by_end", silences.c.over_at.desc())
Index("silences_to_close", silences.c.over_at, sqlite_where=TO_CLOSE)

Index("notifications_waiting", notifications.c.due_at, notifications.c.created_at, sqlite_where=WAITING)
Index("notifications_waiting_by_time", notifications.c.created_at.desc(), sqlite_where=WAITING)
Index(
    "notifications_by_alert",
    notifications.c.alert_id,
    notifications.c.channel,
    notifications.c.seq,
    notifications.c.created_at,
)
Index("notifications_by_group", notifications.c.group_id, notifications.c.alert_id, sqlite_where=GROUPED)
Index("groups_one_open", groups.c.key, unique=True, sqlite_where=OPEN_GROUP)
Index("groups_due", groups.c.due_at, sqlite_where=DUE_GROUP)
Index("groups_by_age", groups.c.opened_at)
Index("notifications_by_time", notifications.c.created_at.desc())

Index("deliveries_by_notification", deliveries.c.notification_id, deliveries.c.at)
Index("deliveries_by_channel", deliveries.c.channel, deliveries.c.at.desc(), deliveries.c.id.desc())

Index("expectations_by_next_slot", expectations.c.next_slot_at)
Index("learned_orders_by_upstream", learned_orders.c.environment, learned_orders.c.upstream)
Index("slots_by_pipeline", slots.c.pipeline, slots.c.environment, slots.c.due_at.desc())
Index("slots_by_age", slots.c.due_at)
Index("slots_to_check", slots.c.check_at, sqlite_where=TO_CHECK)
Index(
    "check_histories_worst_first",
    check_histories.c.rank,
    check_histories.c.check,
    check_histories.c.pipeline,
    check_histories.c.environment,
)
Index("freshness_due", freshness.c.due_at, sqlite_where=TO_STALE)

Index("users_by_identity", users.c.identity, unique=True, sqlite_where=IDENTIFIED)
Index("sessions_by_user", sessions.c.user)
Index("sessions_by_end", sessions.c.over_at)
Index("audit_by_actor", audit.c.actor, audit.c.number)
Index("audit_by_subject", audit.c.subject, audit.c.number)
# Logins are throttled by these.
Index("audit_failed_by_user", audit.c.subject, audit.c.at, sqlite_where=FAILED_LOGIN)
Index("audit_failed_by_origin", audit.c.origin, audit.c.at, sqlite_where=FAILED_LOGIN)
Index("inbox_waiting", inbox.c.number, sqlite_where=TO_TAKE_IN)
Index("inbox_refused", inbox.c.at, sqlite_where=REFUSED)
