"""The tables of version 1: one SQLite file, before there was a server."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import Boolean, Column, Integer, Text, column, false, literal_column, true

from tocsin.store.migrations.ddl import KEY, MOMENT, NUMBER, falling, only


def upgrade(op: Operations) -> None:
    """Make all tables, in an empty database."""
    _make_tables(op)
    _make_indexes(op)


def _make_tables(op: Operations) -> None:
    op.create_table(
        "meta",
        Column("name", Text, primary_key=True),
        Column("value", Text, nullable=False),
    )
    op.create_table(
        "events",
        Column("id", KEY, primary_key=True),
        Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "runs",
        Column("id", KEY, primary_key=True),
        Column("pipeline", KEY, nullable=False),
        Column("environment", KEY, nullable=False),
        Column("outcome", KEY, nullable=False),
        Column("started_at", MOMENT, nullable=False),
        Column("ended_at", MOMENT),
        Column("logical_id", KEY, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("origin", KEY, nullable=False),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "alerts",
        Column("id", KEY, primary_key=True),
        Column("fingerprint", KEY, nullable=False),
        Column("subject", KEY, nullable=False),
        Column("open", Boolean, nullable=False),
        Column("last_at", MOMENT, nullable=False),
        Column("look_at", MOMENT),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "silences",
        Column("id", KEY, primary_key=True),
        Column("over_at", MOMENT, nullable=False),
        Column("closed", Boolean, nullable=False),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "notifications",
        Column("id", KEY, primary_key=True),
        Column("channel", KEY, nullable=False),
        Column("alert_id", KEY),
        Column("seq", Integer, nullable=False),
        Column("status", KEY, nullable=False),
        Column("created_at", MOMENT, nullable=False),
        Column("due_at", MOMENT, nullable=False),
        Column("said", KEY, nullable=False),
        Column("group_id", KEY),
        Column("group_seq", Integer, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("lease_until", MOMENT),
        Column("lease_owner", KEY),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "deliveries",
        Column("id", NUMBER, primary_key=True),
        Column("notification_id", KEY, nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "groups",
        Column("id", KEY, primary_key=True),
        Column("key", KEY, nullable=False),
        Column("open", Boolean, nullable=False),
        Column("opened_at", MOMENT, nullable=False),
        Column("due_at", MOMENT),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "receipts",
        Column("alert_id", KEY, primary_key=True),
        Column("channel", KEY, primary_key=True),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "channels",
        Column("channel", KEY, primary_key=True),
        Column("not_before", MOMENT),
        Column("disabled_at", MOMENT),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "expectations",
        Column("pipeline", KEY, primary_key=True),
        Column("environment", KEY, primary_key=True),
        Column("next_slot_at", MOMENT),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "slots",
        Column("id", KEY, primary_key=True),
        Column("pipeline", KEY, nullable=False),
        Column("environment", KEY, nullable=False),
        Column("due_at", MOMENT, nullable=False),
        Column("resolved", Boolean, nullable=False),
        Column("check_at", MOMENT),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "learned_orders",
        Column("environment", KEY, primary_key=True),
        Column("downstream", KEY, primary_key=True),
        Column("upstream", KEY, primary_key=True),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "series",
        Column("pipeline", KEY, primary_key=True),
        Column("environment", KEY, primary_key=True),
        Column("measure", KEY, primary_key=True),
        Column("item", KEY, primary_key=True),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "check_histories",
        Column("pipeline", KEY, primary_key=True),
        Column("environment", KEY, primary_key=True),
        Column("check", KEY, primary_key=True),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "schemas",
        Column("pipeline", KEY, primary_key=True),
        Column("environment", KEY, primary_key=True),
        Column("name", KEY, primary_key=True),
        Column("data", Text, nullable=False),
    )
    op.create_table(
        "freshness",
        Column("environment", KEY, primary_key=True),
        Column("pipeline", KEY, primary_key=True),
        Column("name", KEY, primary_key=True),
        Column("due_at", MOMENT),
        Column("data", Text, nullable=False),
    )


def _make_indexes(op: Operations) -> None:
    op.create_index("runs_by_end", "runs", ["environment", falling("ended_at"), "pipeline"])
    op.create_index("runs_by_pipeline", "runs", ["pipeline", "environment", falling("started_at")])
    op.create_index("runs_by_start", "runs", [falling("started_at")])
    op.create_index(
        "runs_running", "runs", [falling("started_at")], **only(column("outcome") == literal_column("'running'"))
    )
    op.create_index("alerts_by_fingerprint", "alerts", ["fingerprint", "open", falling("last_at")])
    op.create_index("alerts_by_subject", "alerts", ["subject", falling("open"), falling("last_at")])
    op.create_index("alerts_one_open", "alerts", ["fingerprint"], unique=True, **only(column("open").is_(true())))
    op.create_index("alerts_open_first", "alerts", [falling("open"), falling("last_at")])
    op.create_index("alerts_to_look_at", "alerts", ["look_at"], **only(column("look_at").is_not(None)))
    op.create_index("silences_by_end", "silences", [falling("over_at")])
    op.create_index("silences_to_close", "silences", ["over_at"], **only(column("closed").is_(false())))
    op.create_index("notifications_by_alert", "notifications", ["alert_id", "channel", "seq", "created_at"])
    op.create_index(
        "notifications_by_group", "notifications", ["group_id", "alert_id"], **only(column("group_id").is_not(None))
    )
    op.create_index("notifications_by_time", "notifications", [falling("created_at")])
    op.create_index(
        "notifications_waiting",
        "notifications",
        ["due_at", "created_at"],
        **only(column("status") == literal_column("'waiting'")),
    )
    op.create_index(
        "notifications_waiting_by_time",
        "notifications",
        [falling("created_at")],
        **only(column("status") == literal_column("'waiting'")),
    )
    op.create_index("deliveries_by_notification", "deliveries", ["notification_id", "at"])
    op.create_index("groups_due", "groups", ["due_at"], **only(column("due_at").is_not(None)))
    op.create_index("groups_one_open", "groups", ["key"], unique=True, **only(column("open").is_(true())))
    op.create_index("expectations_by_next_slot", "expectations", ["next_slot_at"])
    op.create_index("slots_by_pipeline", "slots", ["pipeline", "environment", falling("due_at")])
    op.create_index("slots_to_check", "slots", ["check_at"], **only(column("check_at").is_not(None)))
    op.create_index("learned_orders_by_upstream", "learned_orders", ["environment", "upstream"])
    op.create_index("freshness_due", "freshness", ["due_at"], **only(column("due_at").is_not(None)))
