"""The tables of version 2: what a server is given, who may ask it, and what large histories are searched by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from alembic.operations import Operations
from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table, Text, column, literal_column, text, true

from tocsin.store.migrations.ddl import KEY, MOMENT, NUMBER, as_key, falling, only

#: How many alerts are read into memory at once.
_BATCH = 1000

_FILL_PIPELINES = """
    INSERT INTO pipelines (pipeline, environment, run_id, outcome, started_at, ended_at)
    SELECT runs.pipeline, runs.environment, runs.id, runs.outcome, runs.started_at, runs.ended_at
    FROM (SELECT DISTINCT pipeline, environment FROM runs) AS known
    JOIN runs ON runs.id = (
        SELECT newest.id FROM runs AS newest
        WHERE newest.pipeline = known.pipeline AND newest.environment = known.environment
        ORDER BY newest.started_at DESC, newest.id DESC
        LIMIT 1
    )
"""

_FILL_DELIVERIES = """
    UPDATE deliveries SET channel = (
        SELECT notifications.channel FROM notifications WHERE notifications.id = deliveries.notification_id
    )
"""

_OPEN_ALERTS = text("SELECT data FROM alerts WHERE open")
_RANK = text(
    "UPDATE check_histories SET rank = :rank "
    'WHERE pipeline = :pipeline AND environment = :environment AND "check" = :check'
)
#: How bad an alert is, below 0.
_RANKS = {"info": -1, "warning": -2, "error": -3, "critical": -4}

_ALERTS = text("SELECT id, data FROM alerts WHERE id > :last ORDER BY id LIMIT :limit")
_REPEAT = text(
    "UPDATE alerts SET environment = :environment, kind = :kind, severity = :severity, run_id = :run_id WHERE id = :id"
)


def upgrade(op: Operations) -> None:
    """Add tables, columns and indexes, and fill them from what is there."""
    _add_inbox(op)
    _add_access(op)
    _add_pipelines(op)
    _widen_alerts(op)
    if op.get_bind().dialect.name == "postgresql":
        # What is said to a server may be any number; in SQLite an integer has 64 bits by itself.
        op.alter_column("runs", "attempt", type_=BigInteger())
    op.add_column("deliveries", Column("channel", KEY))
    op.execute(_FILL_DELIVERIES)
    op.create_index("deliveries_by_channel", "deliveries", ["channel", falling("at"), falling("id")])
    _widen_index_of_runs(op)
    _rank_checks(op)
    op.create_index("events_by_age", "events", ["at"])
    op.create_index("groups_by_age", "groups", ["opened_at"])
    op.create_index("slots_by_age", "slots", ["due_at"])


def _add_inbox(op: Operations) -> None:
    op.create_table(
        "inbox",
        Column("number", NUMBER, primary_key=True),
        Column("event_id", KEY, nullable=False, unique=True),
        Column("text", Text, nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("clock_ahead", BigInteger, nullable=False),
        Column("refused", KEY),
    )
    op.create_index("inbox_waiting", "inbox", ["number"], **only(column("refused").is_(None)))
    op.create_index("inbox_refused", "inbox", ["at"], **only(column("refused").is_not(None)))


def _add_access(op: Operations) -> None:
    op.create_table(
        "api_keys",
        Column("id", KEY, primary_key=True),
        Column("created_at", MOMENT, nullable=False),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "users",
        Column("name", KEY, primary_key=True),
        Column("identity", KEY),
        Column("data", Text, nullable=False),
    )
    op.create_index("users_by_identity", "users", ["identity"], unique=True, **only(column("identity").is_not(None)))
    op.create_table(
        "sessions",
        Column("id", KEY, primary_key=True),
        Column("user", KEY, nullable=False),
        Column("over_at", MOMENT, nullable=False),
        Column("data", Text, nullable=False),
    )
    op.create_index("sessions_by_user", "sessions", ["user"])
    op.create_index("sessions_by_end", "sessions", ["over_at"])
    op.create_table(
        "audit",
        Column("number", NUMBER, primary_key=True),
        Column("at", MOMENT, nullable=False),
        Column("actor", KEY, nullable=False),
        Column("origin", KEY, nullable=False),
        Column("action", KEY, nullable=False),
        Column("subject", KEY, nullable=False),
        Column("data", Text, nullable=False),
    )
    op.create_index("audit_by_actor", "audit", ["actor", "number"])
    op.create_index("audit_by_subject", "audit", ["subject", "number"])
    failed = only(column("action") == literal_column("'login failed'"))
    op.create_index("audit_failed_by_user", "audit", ["subject", "at"], **failed)
    op.create_index("audit_failed_by_origin", "audit", ["origin", "at"], **failed)


def _add_pipelines(op: Operations) -> None:
    op.create_table(
        "pipelines",
        Column("pipeline", KEY, primary_key=True),
        Column("environment", KEY, primary_key=True),
        Column("run_id", KEY, nullable=False),
        Column("outcome", KEY, nullable=False),
        Column("started_at", MOMENT, nullable=False),
        Column("ended_at", MOMENT),
    )
    op.create_index("pipelines_by_outcome", "pipelines", ["outcome", "environment"])
    op.execute(_FILL_PIPELINES)
    op.create_table(
        "days",
        Column("pipeline", KEY, primary_key=True),
        Column("environment", KEY, primary_key=True),
        Column("day", KEY, primary_key=True),
        Column("data", Text, nullable=False),
    )


def _widen_index_of_runs(op: Operations) -> None:
    """Let the index answer what is asked of many runs at once by itself."""
    covered = ("ended_at", "outcome", "origin", "logical_id", "id")
    op.drop_index("runs_by_pipeline", "runs")
    op.create_index("runs_by_pipeline", "runs", ["pipeline", "environment", falling("started_at"), *covered])


def _rank_checks(op: Operations) -> None:
    """Let checks be found by how bad their last results are: those that fail have an open alert."""
    op.add_column("check_histories", Column("rank", Integer))
    op.execute("UPDATE check_histories SET rank = 0")
    connection = op.get_bind()
    about = [json.loads(data) for data in connection.scalars(_OPEN_ALERTS)]
    ranks = [
        {
            "pipeline": as_key(alert["subject"]),
            "environment": as_key(alert["environment"]),
            "check": as_key(alert["item"]),
            "rank": _RANKS[alert["severity"]],
        }
        for alert in about
        if alert["topic"] == "check"
    ]
    if ranks:
        connection.execute(_RANK, ranks)
    op.create_index("check_histories_worst_first", "check_histories", ["rank", "check", "pipeline", "environment"])


def _widen_alerts(op: Operations) -> None:
    """Add columns that repeat what `data` says. SQLite makes the table anew for those that may not be empty."""
    indexes: dict[str, tuple[list[Any], dict[str, Any]]] = {
        "alerts_one_open": (["fingerprint"], {"unique": True, **only(column("open").is_(true()))}),
        "alerts_by_fingerprint": (["fingerprint", "open", falling("last_at")], {}),
        "alerts_to_look_at": (["look_at"], only(column("look_at").is_not(None))),
        "alerts_open_first": ([falling("open"), falling("last_at")], {}),
        "alerts_by_subject": (["subject", falling("open"), falling("last_at")], {}),
    }
    for name in indexes:
        op.drop_index(name, "alerts")
    for name in ("environment", "kind", "severity", "run_id"):
        op.add_column("alerts", Column(name, KEY))
    _fill_alerts(op)
    widened = Table(
        "alerts",
        MetaData(),
        Column("id", KEY, primary_key=True),
        Column("fingerprint", KEY, nullable=False),
        Column("subject", KEY, nullable=False),
        Column("open", Boolean, nullable=False),
        Column("last_at", MOMENT, nullable=False),
        Column("look_at", MOMENT),
        Column("data", Text, nullable=False),
        Column("environment", KEY),
        Column("kind", KEY),
        Column("severity", KEY),
        Column("run_id", KEY),
    )
    with op.batch_alter_table("alerts", copy_from=widened) as batch:
        for name in ("environment", "kind", "severity"):
            batch.alter_column(name, nullable=False)
    open_ones = only(column("open").is_(true()))
    indexes["alerts_open"] = (["subject", "environment", "open", "kind", "severity"], open_ones)
    indexes["alerts_open_by_run"] = (["run_id", "open"], open_ones)
    for name, (columns, options) in indexes.items():
        op.create_index(name, "alerts", columns, **options)


def _fill_alerts(op: Operations) -> None:
    connection, last = op.get_bind(), ""
    while rows := connection.execute(_ALERTS, {"last": last, "limit": _BATCH}).all():
        connection.execute(_REPEAT, [{"id": row.id, **_repeated(json.loads(row.data))} for row in rows])
        last = rows[-1].id


def _repeated(alert: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: as_key(alert.get(name)) for name in ("environment", "kind", "severity", "run_id")}
