"""What an alert says, for each kind, state and reason, as it was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from made import alert, at, cause, good_run, run
from tocsin.channels.formats.text import text
from tocsin.core.alert import Alert, acknowledge, note_issue, resolve, snooze
from tocsin.core.cause import CauseClass
from tocsin.core.compose import Surroundings, compose
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.matchers import Matcher
from tocsin.core.message import Message
from tocsin.core.notify import Reason
from tocsin.core.rules.outcome import judge
from tocsin.core.run import Context, FailedJob, Link, Outcome, Run, Stage, TableLoad
from tocsin.core.severity import Severity
from tocsin.core.silence import Silence
from tocsin.core.silence_ended import compose_end

BEFORE = good_run("earlier", ended=-1440)


def told(
    made: Run, reason: Reason = Reason.NEW, *, owner: str = "", before: Run | None = BEFORE, **more: Any
) -> Message:
    """Return what is said of an alert whose latest run is this one."""
    finding = judge(made, None, None)
    assert finding is not None
    return compose(replace(_alert(finding), **more), reason, Surroundings(run=made, last_success=before, owner=owner))


def _alert(finding: Finding) -> Alert:
    return alert(
        subject=finding.subject,
        environment=finding.environment,
        kind=finding.kind,
        severity=finding.severity,
        summary=finding.summary,
        hint=finding.hint,
        since=finding.at,
        last_at=finding.at,
    )


def over(made: Run, ended_by: Run, **more: Any) -> Message:
    """Return what is said when a later run went well."""
    recovery = judge(ended_by, alert(), None)
    assert recovery is not None
    finding = judge(made, None, None)
    assert finding is not None
    ended, _ = resolve(replace(_alert(finding), **more), resolution=recovery.summary, now=recovery.at)
    return compose(ended, Reason.RECOVERED, Surroundings(run=ended_by, owner="data-team"))


_REPEATED: dict[str, Any] = {"occurrences": 12, "since": at(-660)}
_LOGGED = Context(log_path="/var/dlt/tocsin/logs/run1.log")
_LINKED = Context(links=(Link(label="Log", url="https://airflow.example.com/log/1"),))
_JOBS = tuple(
    FailedJob(job=f"items.{n}.jsonl", table="items", message=f"Conversion Error: line {n}\nmore") for n in range(12)
)
_DIED = run(outcome=Outcome.DIED, cause=None, stage=Stage.LOAD, ended=62, started_at=at(0))
_CHANNEL = alert(
    topic=Topic.CHANNEL,
    subject="ops",
    environment="",
    kind=Kind.CHANNEL,
    summary="hooks.slack.com answered 410; the address is gone for good: make a new one and put it into the "
    "channel's settings",
    hint="Try it with: tocsin channel test ops",
    run_id=None,
)
_SNOOZED, _ = snooze(note_issue(alert(), link="the vendor knows")[0], until=at(60), by="ada", now=at(5))
_SILENCE = Silence(
    id="3f2a9c1d77",
    matchers=(
        Matcher(label="pipeline", operator="=~", value="or.*"),
        Matcher(label="severity", operator="!=", value="info"),
    ),
    starts_at=at(0),
    ends_at=at(60),
    reason="the warehouse is moved",
    author="ann",
    created_at=at(0),
    ended_by="bob",
    ended_at=at(30),
)

SCENES: dict[str, Message] = {
    "failed": told(run(context=_LOGGED), owner="data-team"),
    "failed_first_ever_in_prod": told(run(environment="prod", context=_LINKED), before=None),
    "failed_for_another_reason": told(
        run(cause=cause(cause_class=CauseClass.CREDENTIALS, message="401 Unauthorized", status=401, hint="")),
        Reason.REASON_CHANGED,
        **_REPEATED,
    ),
    "failed_again_by_interval": told(run(), Reason.REPEAT, **_REPEATED),
    "failed_once_by_interval": told(run(), Reason.REPEAT),
    "failed_attempt": told(run(attempt=1, max_attempts=3)),
    "failed_attempt_with_a_pause": told(
        run(attempt=1, max_attempts=3, context=Context(max_attempts=3, retry_delay=timedelta(minutes=5)))
    ),
    "failed_last_attempt": told(run(attempt=3, max_attempts=3), Reason.WORSENED),
    "failed_with_a_pending_package": told(
        run(
            stage=Stage.LOAD,
            pending_packages=("1763899200.123",),
            tables=(TableLoad(table="orders", rows=1204),),
            cause=cause(
                cause_class=CauseClass.DESTINATION,
                exception="dlt.destinations.exceptions.DatabaseUndefinedRelation",
                message="relation shop.orders does not exist",
                resource=None,
                table="orders",
                column="amount",
                hint="To give the package up: dlt pipeline orders drop-pending-packages",
                location=None,
            ),
        )
    ),
    "failed_before_the_pipeline_ran": told(run(stage=Stage.BEFORE, destination=None, dataset=None)),
    "failed_as_a_watched_job": told(run(stage=Stage.JOB, destination=None, dataset=None, cause=cause(resource=None))),
    "failed_and_a_channel_did_too": told(run(), Reason.CHANNEL_FAILED),
    "partial": told(run(outcome=Outcome.PARTIAL, cause=None, stage=Stage.LOAD, failed_jobs=_JOBS)),
    "exited": told(
        run(
            outcome=Outcome.EXITED,
            note="the program ended itself with exit code 3",
            cause=cause(cause_class=CauseClass.INTERRUPTED, exception="builtins.SystemExit", message="3", hint=""),
        )
    ),
    "interrupted": told(
        run(
            outcome=Outcome.INTERRUPTED,
            note="SIGTERM was received",
            cause=cause(
                cause_class=CauseClass.INTERRUPTED, exception="builtins.KeyboardInterrupt", message="", hint=""
            ),
        )
    ),
    "died": told(_DIED),
    "died_by_interval": told(_DIED, Reason.REPEAT, **_REPEATED),
    "pending_only": told(good_run(outcome=Outcome.PENDING_ONLY)),
    "recovered": over(run(), good_run(ended=64, tables=(TableLoad(table="orders", rows=1204),)), occurrences=3),
    "recovered_after_one": over(run(), good_run(outcome=Outcome.NO_DATA)),
    "recovered_by_a_pending_package": over(run(), good_run(outcome=Outcome.PENDING_ONLY)),
    "resolved_by_hand": compose(
        resolve(alert(), resolution="resolved by ada", now=at(10), by="ada")[0],
        Reason.RECOVERED,
        Surroundings(run=run()),
    ),
    "acknowledged": compose(acknowledge(alert(), by="ada", now=at(5))[0], Reason.ACKNOWLEDGED, Surroundings(run=run())),
    "snoozed": compose(_SNOOZED, Reason.PUT_OFF, Surroundings(run=run())),
    "snooze_over": compose(
        note_issue(_SNOOZED, link="https://tickets.internal/7")[0], Reason.SNOOZE_OVER, Surroundings(run=run())
    ),
    "silence_ended": compose_end(_SILENCE, [alert(), _CHANNEL]),
    "channel": compose(_CHANNEL, Reason.NEW, Surroundings()),
    "channel_by_interval": compose(replace(_CHANNEL, occurrences=30, last_at=at(240)), Reason.REPEAT, Surroundings()),
    "channel_delivers_again": compose(
        resolve(_CHANNEL, resolution="it accepts messages again", now=at(45))[0], Reason.RECOVERED, Surroundings()
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_what_an_alert_says(name: str, same_as_golden: Callable[[str, str], None]) -> None:
    """Every kind, state and reason has words that stand alone at 3 a.m."""
    same_as_golden(f"alerts/{name}.txt", text(SCENES[name]))


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.RECOVERED])
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.tells])
def test_every_kind_can_be_told_for_every_reason(kind: Kind, reason: Reason) -> None:
    """No kind is without words, whether it is new or goes on, and whatever is known around it."""
    message = compose(alert(kind=kind, severity=Severity.ERROR), reason, Surroundings())

    assert message.title.startswith("orders")
    assert message.title.strip() == message.title
    assert "  " not in message.title


def test_a_long_traceback_keeps_its_end_and_says_so() -> None:
    """The last lines name the error; what is missing is counted."""
    long = cause(traceback="\n".join(f"line {number}" for number in range(100)))

    said = text(told(run(cause=long)))

    assert "… 85 lines left out" in said
    assert "line 99" in said
    assert "line 84" not in said


def test_a_message_carries_the_facts_for_machines() -> None:
    """Receivers of data get alert, reason, run and owner, and find the alert's first message by its id."""
    message = told(run(), owner="data-team", **_REPEATED)

    assert message.data is not None
    assert (message.data["reason"], message.data["owner"]) == ("new problem", "data-team")
    assert message.alert_id == "alert1"
    assert message.at == at(1)
