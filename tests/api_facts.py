"""A store with some of everything that the API shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from made import alert, at, cause, finding, good_run, run
from recorded_runs import HOSTILE
from tocsin.core.alert import State
from tocsin.core.check import Check, CheckHistory, CheckKind, CheckResult, Threshold
from tocsin.core.finding import Kind, Topic
from tocsin.core.group import Group
from tocsin.core.message import Message, Tone
from tocsin.core.notify import Reason
from tocsin.core.outbox import Delivery, Notification, Status
from tocsin.core.run import Context, DeclaredSchedule, FailedJob, Link, Process, Progress, Stage, Step, TableLoad
from tocsin.core.schedule import parse_schedule
from tocsin.core.schema import ColumnChange, SchemaChange
from tocsin.core.severity import Severity
from tocsin.core.silence import Silence
from tocsin.core.slot import Slot, SlotState
from tocsin.store.protocol import Store, Transaction

#: The settings of a channel that takes everything.
CHANNEL = '[tocsin.channels.ops]\ntype = "file"\npath = "told.jsonl"\n'
#: Half of a surrogate pair, and NUL: what the name of a file may hold.
TORN = "torn \ud800 \0 end"
ALERTS = ("alert1", "volume1", "over1")
RUNS = ("full1", "run2", "run3")
NOTIFICATIONS = ("sent1", "dead1", "waiting1", "quiet1")
SILENCES = ("silence1", "ended1")
GROUP = "group1"
MESSAGE = Message(title=TORN, tone=Tone.ERROR, at=at(1))


def fill(store: Store) -> None:
    """Save some of everything, with texts that try to be something else."""
    with store.writing() as tx:
        _runs(tx)
        _alerts(tx)
        _outbox(tx)
        _expected(tx)


def _runs(tx: Transaction) -> None:
    context = Context(
        orchestrator="airflow",
        links=(Link(label="log", url="https://airflow.example.com/log"),),
        names={"dag_id": HOSTILE},
        retry_delay=timedelta(minutes=5),
        schedule=DeclaredSchedule(text="0 6 * * *", timezone="Europe/Berlin", source="DAG", start_within=timedelta(1)),
        host="worker-1",
    )
    tx.save_run(
        run(
            "full1",
            ended=3,
            steps=(Step(stage=Stage.EXTRACT, started_at=at(1), ended_at=at(2), ok=False),),
            tables=(TableLoad(table="orders", rows=7),),
            failed_jobs=(FailedJob(job="j", table="orders", message=HOSTILE),),
            schema_changes=(SchemaChange(table="orders", columns=(ColumnChange(name="a", data_type="text"),)),),
            cause=cause(message=TORN),
            context=context,
            process=Process(pid=4711, start_ticks=3, machine="m"),
            progress=Progress(moved_at=at(1), stage=Stage.EXTRACT, stack=("orders.py:39 in fetch",)),
            note=TORN,
        )
    )
    tx.save_run(good_run("run2", pipeline="stock/eu"))
    tx.save_run(good_run("run3", ended=6, pipeline=HOSTILE))


def _alerts(tx: Transaction) -> None:
    tx.save_alert(alert(id="alert1", summary=TORN, run_id="full1", evidence={"rows": HOSTILE}))
    volume = finding(kind=Kind.VOLUME, topic=Topic.VOLUME, item="orders", severity=Severity.WARNING)
    tx.save_alert(
        alert(
            id="volume1",
            fingerprint=volume.fingerprint,
            kind=volume.kind,
            topic=volume.topic,
            item=volume.item,
            severity=volume.severity,
        )
    )
    over = alert(id="over1", fingerprint="over", subject="stock/eu", state=State.RESOLVED, resolved_at=at(9))
    tx.save_alert(replace(over, resolution="run 3f2a loaded 7 rows", last_at=at(9)))
    tx.save_silence(_silence("silence1"))
    tx.save_silence(replace(_silence("ended1"), ended_at=at(1), ended_by="ann", closed_at=at(1)))


def _silence(name: str) -> Silence:
    return Silence(
        id=name,
        matchers=(),
        starts_at=at(0),
        ends_at=at(60 * 24 * 365 * 50),
        reason=HOSTILE,
        author="ann",
        created_at=at(0),
    )


def _outbox(tx: Transaction) -> None:
    sent = Notification(
        id="sent1",
        channel="ops",
        reason=Reason.NEW,
        message=MESSAGE,
        created_at=at(1),
        due_at=at(1),
        alert_id="alert1",
        status=Status.SENT,
        group_id=GROUP,
        group_seq=1,
    )
    tx.add_notifications(
        [
            sent,
            replace(sent, id="dead1", status=Status.DEAD, last_error=TORN),
            replace(sent, id="waiting1", status=Status.WAITING, channel="nowhere"),
            replace(sent, id="quiet1", status=Status.NOT_TOLD, reason=Reason.SILENCED, message=None, because="it"),
        ]
    )
    tx.add_delivery(
        Delivery(notification_id="sent1", channel="ops", at=at(1), took_ms=3, ok=False, status=503, answer=TORN)
    )
    tx.add_delivery(Delivery(notification_id="sent1", channel="ops", at=at(2), took_ms=3, ok=True))
    tx.save_group(Group(id=GROUP, channel="ops", route="everything", labels={"owner": HOSTILE}, opened_at=at(1), seq=1))


def _expected(tx: Transaction) -> None:
    schedule = parse_schedule("0 6 * * *", timezone="Europe/Berlin")
    slots = [
        Slot(
            id=f"default/orders/{number}",
            pipeline="orders",
            environment="default",
            schedule=schedule,
            opens_at=at(number - 1),
            due_at=at(number),
            start_by=at(number + 1),
            state=SlotState.DONE,
            logical_id="full1",
        )
        for number in range(3)
    ]
    tx.save_slots(slots, check_at={})
    check = Check(
        name="customer_known", pipeline="orders", kind=CheckKind.NOT_NULL, table="calls", warn_over=Threshold(count=0)
    )
    result = CheckResult(check=check, environment="default", at=at(1), failing=2, checked=4, took=timedelta(seconds=1))
    broken = replace(result, at=at(2), failing=None, error=TORN)
    tx.save_check_history(
        CheckHistory(pipeline="orders", environment="default", check="customer_known", results=(broken, result))
    )
