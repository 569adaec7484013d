"""Every query of the store is served by the index that its docstring names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from made import run
from tocsin.core.check import CheckPlace
from tocsin.core.position import Position
from tocsin.core.retention import Kept
from tocsin.core.run import Outcome
from tocsin.store.protocol import Transaction
from tocsin.store.sqlite import SqliteStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEFT = Position(at=NOON, id="x")


@contextmanager
def plans(store: SqliteStore) -> Iterator[list[str]]:
    """Collect how SQLite goes about each statement."""
    lines: list[str] = []

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            lines.extend(row[3] for row in rows)

    event.listen(store._engine, "before_cursor_execute", explain)
    yield lines
    event.remove(store._engine, "before_cursor_execute", explain)


QUERIES: list[tuple[Callable[[Transaction], object], list[str]]] = [
    (lambda tx: tx.run("r"), ["autoindex_runs"]),
    (lambda tx: tx.runs_of(["r"]), ["autoindex_runs"]),
    (lambda tx: tx.find_runs("r"), ["autoindex_runs"]),
    (lambda tx: tx.runs(), ["runs_by_start"]),
    (lambda tx: tx.runs(before=NOON), ["runs_by_start"]),
    (lambda tx: tx.runs(pipeline="p", environment="e", before=NOON), ["runs_by_pipeline"]),
    (lambda tx: tx.runs(pipeline="p", environment="e", outcomes={Outcome.FAILED}), ["runs_by_pipeline"]),
    (lambda tx: tx.runs(outcomes={Outcome.RUNNING}), ["runs_running"]),
    (lambda tx: tx.pipeline_names(), ["COVERING INDEX sqlite_autoindex_pipelines_1"]),
    (lambda tx: tx.latest_runs(), ["pipelines USING INDEX sqlite_autoindex_pipelines_1", "autoindex_runs"]),
    (lambda tx: tx.latest_runs(after=("p", "e"), limit=9), ["(pipeline,environment)>(?,?)", "autoindex_runs"]),
    (
        lambda tx: tx.worst_first(limit=9),
        [
            "alerts_open_first (open=?)",
            "alerts_open (subject=? AND environment=? AND open=?",
            "sqlite_autoindex_pipelines_1 ((pipeline,environment)>",
            "sqlite_autoindex_expectations_1 ((pipeline,environment)>",
        ],
    ),
    (
        lambda tx: tx.census(),
        [
            "COVERING INDEX pipelines_by_outcome",
            "COVERING INDEX sqlite_autoindex_exp",
            "autoindex_pipelines_1 (pipeline=?",
        ],
    ),
    (
        lambda tx: tx.checks_worst_first(after=CheckPlace(-3, "c", "p", "e"), search="x", limit=9),
        ["check_histories_worst_first ((rank,check,pipeline,environment)>"],
    ),
    (lambda tx: tx.checks_worst_first(failing=True, limit=9), ["check_histories_worst_first (rank<?)"]),
    (lambda tx: tx.count_checks(environment="e"), ["COVERING INDEX check_histories_worst_first"]),
    (lambda tx: tx.count_open_alerts(), ["alerts_open_first (open=?)"]),
    (lambda tx: tx.worst_alerts(limit=9), ["alerts_open_first (open=?)"]),
    (lambda tx: tx.count_over(most=9), ["alerts_open_first (open=?)"]),
    (lambda tx: tx.deliveries_of(["n1", "n2"]), ["deliveries_by_notification (notification_id=?)"]),
    (lambda tx: tx.runs(after=LEFT), ["runs_by_start (started_at"]),
    (lambda tx: tx.runs(pipeline="p", environment="e", after=LEFT), ["runs_by_pipeline"]),
    (lambda tx: tx.alerts(after=LEFT), ["alerts_open_first"]),
    (lambda tx: tx.notification("n"), ["autoindex_notifications"]),
    (lambda tx: tx.notifications(after=LEFT), ["notifications_by_time (created_at"]),
    (lambda tx: tx.all_silences(after=LEFT, limit=9), ["silences_by_end (over_at"]),
    (lambda tx: tx.groups(after=LEFT, limit=9), ["groups_by_age (opened_at"]),
    (lambda tx: tx.waiting(), ["notifications_waiting"]),
    (lambda tx: tx.last_delivery(), ["deliveries"]),
    (lambda tx: tx.deliveries_after(7, limit=9), ["deliveries USING INTEGER PRIMARY KEY (rowid>?)"]),
    (lambda tx: tx.count_outcomes(since=NOON), ["runs_by_start (started_at>?)"]),
    (
        lambda tx: tx.neighbourhood(run(), each=9),
        ["(pipeline=? AND environment=? AND started_at<?)", "(pipeline=? AND environment=? AND started_at>?)"],
    ),
    (lambda tx: tx.first_start(), ["COVERING INDEX runs_by_start"]),
    (lambda tx: tx.ended_runs(since=NOON, until=NOON + MINUTE, limit=9), ["runs_by_start (started_at"]),
    (lambda tx: tx.days("p", "e", since=NOON.date()), ["autoindex_days_1 (pipeline=? AND environment=? AND day>?)"]),
    (lambda tx: tx.open_alert("f"), ["alerts_by_fingerprint (fingerprint=? AND open=?)"]),
    (lambda tx: tx.open_alerts(["f", "g"]), ["alerts_by_fingerprint (fingerprint=? AND open=?)"]),
    (lambda tx: tx.last_alerts(["f", "g"]), ["alerts USING INDEX alerts_by_fingerprint", "SEARCH closed"]),
    (lambda tx: tx.due_alerts(NOON, limit=9), ["alerts_to_look_at (look_at>? AND look_at<?)"]),
    (lambda tx: tx.count_told("c", since=NOON, most=9), ["notifications_by_time (created_at>?)"]),
    (lambda tx: tx.open_group("k"), ["groups_one_open (key=?)"]),
    (lambda tx: tx.group("g"), ["autoindex_groups"]),
    (lambda tx: tx.find_groups("g"), ["autoindex_groups"]),
    (lambda tx: tx.due_groups(NOON), ["groups_due (due_at>? AND due_at<?)"]),
    (lambda tx: tx.members("g"), ["notifications_by_group (group_id=?)"]),
    (lambda tx: tx.freshness("e"), ["autoindex_freshness_1 (environment=?)"]),
    (lambda tx: tx.freshness("e", pipeline="p"), ["autoindex_freshness_1 (environment=? AND pipeline=?)"]),
    (lambda tx: tx.due_freshness(NOON, limit=9), ["freshness_due (due_at>? AND due_at<?)"]),
    (lambda tx: tx.schema("p", "e", "n"), ["autoindex_schemas_1 (pipeline=? AND environment=? AND name=?)"]),
    (lambda tx: tx.find_alerts("a"), ["autoindex_alerts"]),
    (lambda tx: tx.alerts(), ["alerts_open_first"]),
    (lambda tx: tx.alerts(open_only=True), ["alerts_open_first (open=?)"]),
    (lambda tx: tx.alerts(since=NOON), ["alerts_open_first"]),
    (lambda tx: tx.alerts(subject="s"), ["alerts_by_subject"]),
    (lambda tx: tx.alerts(subject="s", open_only=True), ["alerts_by_subject (subject=? AND open=?)"]),
    (lambda tx: tx.silences(NOON), ["silences_by_end (over_at>?)"]),
    (lambda tx: tx.all_silences(limit=9), ["silences_by_end"]),
    (lambda tx: tx.find_silences("s"), ["autoindex_silences"]),
    (
        lambda tx: tx.due(NOON),
        ["inbox_waiting", "freshness_due (due_at", "silences_to_close (over_at<?)", "alerts_to_look_at (look_at"],
    ),
    (lambda tx: tx.silences_to_close(NOON), ["silences_to_close (over_at<?)"]),
    (lambda tx: tx.told("a", "c"), ["notifications_by_alert (alert_id=? AND channel=?)"]),
    (
        lambda tx: tx.claim(owner="w", now=NOON, lease=MINUTE, limit=9),
        ["notifications_waiting (due_at<?)", "notifications_by_alert (alert_id=? AND channel=? AND seq<?)"],
    ),
    (lambda tx: tx.next_due(), ["notifications_waiting", "notifications_by_alert"]),
    (lambda tx: tx.expectation("p", "e"), ["autoindex_expectations"]),
    (lambda tx: tx.expectations("e", after="p", limit=9), ["autoindex_expectations_1 (pipeline>?)"]),
    (
        lambda tx: tx.slots_of(["p", "q"], "e", since=NOON, least=3),
        ["autoindex_expectations_1 (pipeline=? AND environment=?)", "(pipeline=? AND environment=? AND due_at>?)"],
    ),
    (
        lambda tx: tx.starts_of(["p", "q"], "e", since=NOON, most=3),
        ["autoindex_expectations_1 (pipeline=? AND environment=?)", "(pipeline=? AND environment=? AND started_at>?)"],
    ),
    (lambda tx: tx.last_contexts(["p", "q"], "e"), ["autoindex_pipelines_1 (pipeline=? AND", "autoindex_runs"]),
    (lambda tx: tx.due_expectations(NOON, limit=9), ["expectations_by_next_slot"]),
    (lambda tx: tx.next_slot_at(), ["expectations_by_next_slot", "slots_to_check"]),
    (lambda tx: tx.slots("p", "e", unresolved=True), ["slots_by_pipeline"]),
    (lambda tx: tx.due_slots(NOON, limit=9), ["slots_to_check"]),
    (lambda tx: tx.starts("p", "e", limit=9), ["runs_by_pipeline (pipeline=? AND environment=?)"]),
    (lambda tx: tx.ended_before(NOON, "e", within=MINUTE, limit=9), ["COVERING INDEX runs_by_end (environment=?"]),
    (
        lambda tx: tx.learned_orders("e", downstreams=["p", "q"]),
        ["autoindex_learned_orders_1 (environment=? AND downstream=?)"],
    ),
    (
        lambda tx: tx.learned_orders("e", upstreams=["p", "q"]),
        ["learned_orders_by_upstream (environment=? AND upstream=?)"],
    ),
    (lambda tx: tx.save_learned_orders("p", "e", []), ["autoindex_learned_orders_1"]),
    (lambda tx: tx.api_key("k"), ["autoindex_api_keys_1 (id=?)"]),
    (lambda tx: tx.user("n"), ["autoindex_users_1 (name=?)"]),
    (lambda tx: tx.user_with_identity("i"), ["users_by_identity (identity=?)"]),
    (lambda tx: tx.session("s"), ["autoindex_sessions_1 (id=?)"]),
    (lambda tx: tx.drop_sessions_of("n"), ["sessions_by_user (user=?)"]),
    (lambda tx: tx.drop_sessions_over(NOON), ["sessions_by_end (over_at<?)"]),
    (lambda tx: tx.audit(before=9), ["PRIMARY KEY (rowid<?)"]),
    (lambda tx: tx.audit(actor="a", before=9), ["audit_by_actor (actor=? AND"]),
    (lambda tx: tx.audit(subject="s"), ["audit_by_subject (subject=?)"]),
    (lambda tx: tx.count_failed_logins(since=NOON, most=9, user="n"), ["audit_failed_by_user (subject=? AND at>?)"]),
    (lambda tx: tx.count_failed_logins(since=NOON, most=9, origin="o"), ["audit_failed_by_origin (origin=? AND at>?)"]),
    (lambda tx: tx.prune(Kept.EVENTS, before=NOON, limit=9), ["events_by_age (at>? AND at<?)"]),
    (lambda tx: tx.prune(Kept.REFUSED, before=NOON, limit=9), ["inbox_refused (at>? AND at<?)"]),
    (
        lambda tx: tx.prune(Kept.NOTIFICATIONS, before=NOON, limit=9),
        [
            "notifications_by_time (created_at>? AND created_at<?)",
            "autoindex_alerts_1 (id=?)",
            "autoindex_groups_1 (id=?)",
        ],
    ),
    (
        lambda tx: tx.prune(Kept.GROUPS, before=NOON, limit=9),
        [
            "groups_by_age (opened_at>? AND",
            "notifications_by_group (group_id=?)",
            "notifications_by_alert (alert_id=?)",
        ],
    ),
    (
        lambda tx: tx.prune(Kept.ALERTS, before=NOON, limit=9),
        ["alerts_open_first (open=? AND last_at>? AND last_at<?)", "notifications_by_alert (alert_id=?)"],
    ),
    (lambda tx: tx.prune(Kept.SILENCES, before=NOON, limit=9), ["silences_by_end (over_at>? AND over_at<?)"]),
    (lambda tx: tx.prune(Kept.SLOTS, before=NOON, limit=9), ["slots_by_age (due_at>? AND due_at<?)"]),
    (
        lambda tx: tx.prune(Kept.RUNS, before=NOON, limit=9),
        ["runs_by_start (started_at>? AND", "autoindex_pipelines_1 (", "alerts_open_by_run (run_id=? AND open=?)"],
    ),
    (lambda tx: tx.notifications(), ["notifications_by_time"]),
    (lambda tx: tx.notifications(status="waiting"), ["notifications_waiting_by_time"]),
    (lambda tx: tx.notifications(alert_id="a"), ["notifications_by_alert"]),
    (lambda tx: tx.deliveries("n"), ["deliveries_by_notification"]),
    (lambda tx: tx.last_deliveries(["ops"], each=20), ["deliveries_by_channel (channel=?)"]),
    (lambda tx: tx.receipt("a", "c"), ["autoindex_receipts"]),
    (lambda tx: tx.channel_state("c"), ["autoindex_channels"]),
]


@pytest.mark.parametrize(("query", "indexes"), QUERIES)
def test_a_query_reads_through_its_index(
    query: Callable[[Transaction], object], indexes: list[str], tmp_path: Path
) -> None:
    """The plan names the index, no table is read from end to end, and no result is sorted but among equal times."""
    store = SqliteStore(tmp_path / "t.db")
    with plans(store) as plan, store.writing() as tx:
        query(tx)
    store.close()
    assert [index for index in indexes if not any(index in line for line in plan)] == []
    # What is not in a table was found by the lines before it.
    found = ("SCAN CONSTANT ROW", "SCAN anon_", "SCAN (subquery")
    assert [
        line for line in plan if line.startswith("SCAN") and "USING" not in line and not line.startswith(found)
    ] == []
