"""A real server that speaks Sentry's protocol: what it stores, and what it makes one issue of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desk import Desk, channel
from made import alert, at, cause, good_run, run
from real_bugsink import INSTALLED, MISSING, RunningBugsink, event_schema, running_bugsink
from sample_messages import NOTE
from tocsin.channels.base import Outgoing
from tocsin.channels.formats.sentry_event import event
from tocsin.channels.registry import make_channel
from tocsin.core.cause import CauseClass, Frame, Raised
from tocsin.core.compose import Surroundings, compose
from tocsin.core.finding import Kind
from tocsin.core.notify import Reason
from tocsin.core.outbox import Status
from tocsin.core.run import Context, Link, TableLoad
from tocsin.errors import DeliveryError
from tocsin.store.memory import MemoryStore

pytestmark = pytest.mark.skipif(not INSTALLED, reason=MISSING)

CHAIN = (
    Raised(exception="dlt.pipeline.exceptions.PipelineStepFailed"),
    Raised(
        exception="requests.exceptions.HTTPError",
        message="503 Server Error",
        frames=(Frame(file="/home/me/orders.py", line=41, function="fetch", own=True),),
    ),
)
FULL = run(
    cause=cause(raised=CHAIN, table="orders", load_id="1.2"),
    tables=(TableLoad(table="orders", rows=3),),
    context=Context(host="worker-1", links=(Link(label="Log", url="https://ci.example.com/1"),)),
)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of the machine out."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def bugsink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBugsink]:
    """Give a real server; each test looks at pipelines of its own."""
    with running_bugsink(tmp_path_factory.mktemp("bugsink")) as running:
        yield running


def issues(bugsink: RunningBugsink, pipeline: str) -> list[dict[str, Any]]:
    """Return the issues of one pipeline, with their events under "events"."""
    found = [{**issue, "events": bugsink.events(issue["id"])} for issue in bugsink.issues()]
    return [issue for issue in found if issue["events"][0]["data"].get("transaction") == pipeline]


def told(bugsink: RunningBugsink, folder: Path) -> Desk:
    """Return an engine that tells the server."""
    return Desk(folder, MemoryStore(), channel("sentry", "sentry", dsn=bugsink.dsn))


def test_one_issue_for_one_cause(bugsink: RunningBugsink, tmp_path: Path) -> None:
    """Failures for the same reason become one issue with an event each, and another reason another issue."""
    desk = told(bugsink, tmp_path)
    same = [cause(message=f"503 for url: https://api.example.com/orders?page={page}", raised=CHAIN) for page in (1, 2)]
    other = cause(
        cause_class=CauseClass.CREDENTIALS, exception="requests.exceptions.HTTPError", message="401", status=401
    )
    for number, because in enumerate((*same, other)):
        desk.report(run(f"a{number}", pipeline="alike", ended=2 * number + 1, cause=because))
        desk.report(good_run(f"b{number}", pipeline="alike", ended=2 * number + 2))
    found = issues(bugsink, "alike")
    assert sorted(issue["digested_event_count"] for issue in found) == [1, 2]


def test_a_repetition_is_stored_once(bugsink: RunningBugsink) -> None:
    """What is sent twice, because the first answer was lost, is one event."""
    message = compose(
        alert(subject="twice", run_id="run1"), Reason.NEW, Surroundings(run=replace(FULL, pipeline="twice"))
    )
    sentry = make_channel("sentry", {"dsn": bugsink.dsn})
    for _ in range(2):
        sentry.send(Outgoing(key="the same", message=message))
    [issue] = issues(bugsink, "twice")
    assert issue["digested_event_count"] == 1
    sentry.send(Outgoing(key="another", message=message))
    [issue] = issues(bugsink, "twice")
    assert issue["digested_event_count"] == 2


def test_what_an_issue_shows(bugsink: RunningBugsink) -> None:
    """The server reads type and words of the outermost exception as the title, and keeps tags, chain and contexts."""
    message = compose(alert(subject="shown"), Reason.NEW, Surroundings(run=replace(FULL, pipeline="shown")))
    make_channel("sentry", {"dsn": bugsink.dsn, "release": "shop@1"}).send(Outgoing(key="shown", message=message))
    [issue] = issues(bugsink, "shown")
    assert (issue["calculated_type"], issue["calculated_value"]) == (
        "PipelineStepFailed",
        "extract of orders failed: 503 Server Error",
    )
    data = issue["events"][0]["data"]
    assert data["tags"]["load_id"] == "1.2"
    assert (data["release"], data["environment"], data["server_name"]) == ("shop@1", "default", "worker-1")
    assert data["contexts"]["rows"] == {"orders": 3}
    assert data["exception"]["values"][0]["stacktrace"]["frames"][0]["function"] == "fetch"


def test_traces_and_check_ins_do_no_harm(bugsink: RunningBugsink, tmp_path: Path) -> None:
    """A server that says that it takes no traces gets one an hour, and events all the same."""
    desk = told(bugsink, tmp_path)
    for number in range(3):
        desk.report(good_run(f"c{number}", pipeline="good", ended=number + 1))
    assert [one.status for one in desk.decided("sentry/traces")] == [Status.SENT, Status.WAITING, Status.WAITING]
    desk.report(run("c3", pipeline="good", ended=5))
    assert len(issues(bugsink, "good")) == 1
    desk.tick(minutes=61)
    assert [one.status for one in desk.decided("sentry/traces")].count(Status.SENT) == 2


def test_a_key_of_nobody(bugsink: RunningBugsink) -> None:
    """A DSN that the server does not know refuses us for good, and no text shows the key."""
    key = "f" * 32
    with pytest.raises(DeliveryError) as refused:
        make_channel("sentry", {"dsn": bugsink.dsn.replace(bugsink.key, key)}).send(Outgoing(key="m1", message=NOTE))
    assert (refused.value.status, refused.value.permanent, refused.value.payload) == (403, True, False)
    assert key not in f"{refused.value} {refused.value.answer}"


@pytest.mark.parametrize(
    "message",
    [
        compose(alert(), Reason.NEW, Surroundings(run=FULL)),
        compose(alert(), Reason.REPEAT, Surroundings(run=replace(FULL, cause=None))),
        compose(alert(kind=Kind.NOT_STARTED, run_id=None, since=at(-9)), Reason.NEW, Surroundings(blocks=("revenue",))),
        NOTE,
    ],
)
@pytest.mark.parametrize("plain", [False, True])
def test_events_are_what_sentry_documents(message: Any, *, plain: bool) -> None:
    """Events are valid by the schema that Sentry publishes, in the full and in the plain form."""
    schema = event_schema()
    made = event(Outgoing(key="m1", message=message, plain=plain), release="shop@1")
    jsonschema.Draft7Validator(schema).validate(made)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate({**made, "level": "loud", "fingerprint": 1})
