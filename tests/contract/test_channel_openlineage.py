"""The OpenLineage channel: what arrives is what OpenLineage's own classes make, name by name."""

from __future__ import annotations

import typing
from dataclasses import replace
from enum import Enum
from typing import Any, cast

import attr
import pytest
from openlineage.client import event_v2, facet_v2

from made import at, cause, good_run, run
from receiver import Receiver, answer
from sample_messages import FAILED, NOTE
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.registry import make_channel
from tocsin.core.codec import encode
from tocsin.core.feed import Feed, News
from tocsin.core.message import Message, Tone
from tocsin.core.run import Context, FailedJob, Outcome, Run, Stage, TableLoad
from tocsin.core.schema import SchemaVersion
from tocsin.errors import DeliveryError

RUN_ID = "0192fa5e-0000-7000-8000-000000000001"
LOADED = good_run(
    RUN_ID,
    destination="postgres",
    location="postgresql://db.internal:5432/warehouse",
    tables=(TableLoad(table="orders", rows=7), TableLoad(table="_dlt_loads", rows=1)),
    schemas=(SchemaVersion(name="shop", version_hash="a", tables={"orders": {"id": "bigint"}}),),
    context=Context(
        owner="data-team",
        versions={"dlt": "1.31.0"},
        names={"openlineage_parent": f"airflow/orders.load/{RUN_ID[:-1]}2"},
    ),
)
_MODULES = [module for module in vars(facet_v2).values() if hasattr(module, "attr")]


def message(of: Run, **changes: Any) -> Message:
    """Return the message of the feed about a run."""
    news = News(feed=Feed.LINEAGE, run=of, **changes)
    return Message(title="", tone=Tone.INFO, at=at(0), data=cast("dict[str, Any]", encode(news)))


def channel(receiver: Receiver, **settings: str) -> Channel:
    """Return a channel that sends to the receiver."""
    return make_channel("openlineage", {"url": f"http://localhost:{receiver.port}/", **settings})


def sent(
    receiver: Receiver, of: Run, *, plain: bool = False, settings: dict[str, str] | None = None, **changes: Any
) -> Any:
    """Return the event that arrives for a run, checked."""
    outgoing = Outgoing(key="m1", message=message(of, **changes), plain=plain)
    assert channel(receiver, **(settings or {})).send(outgoing).sent
    made = receiver.last.json
    checked(event_v2.RunEvent, made)
    return made


def checked(kind: type[Any], document: dict[str, Any]) -> None:
    """Make the class of OpenLineage out of a document: names, what is required and the forms of values are checked."""
    hints = typing.get_type_hints(kind)
    schema = document.pop("_schemaURL", None)
    document = {name: value for name, value in document.items() if name != "schemaURL"}
    values = {}
    for name, value in document.items():
        inner = [each for each in typing.get_args(hints[_field(kind, name)]) if each is not type(None)]
        is_facets = name == "facets" or name.endswith("Facets")
        if is_facets:
            for facet in value.values():
                checked(facet_class(facet["_schemaURL"]), dict(facet))
        elif isinstance(value, list):
            for each in value:
                checked(typing.get_args(inner[0])[0] if typing.get_args(inner[0]) else inner[0], dict(each))
        elif isinstance(value, dict):
            checked(inner[0] if inner else hints[name], dict(value))
        enum = next((each for each in inner if isinstance(each, type) and issubclass(each, Enum)), None)
        values[name.removeprefix("_")] = enum(value) if enum else value
    made = kind(**values)
    assert schema is None or made._get_schema() == schema


def _field(kind: type[Any], name: str) -> str:
    names = [field.name for field in attr.fields(kind)]
    assert name in names, (kind, name, names)
    return name


def facet_class(schema: str) -> type[Any]:
    """Return the class of a facet by the address of its schema."""
    name = schema.rpartition("/")[2]
    return next(cast("type[Any]", getattr(module, name)) for module in _MODULES if hasattr(module, name))


def test_a_run_that_has_begun(receiver: Receiver) -> None:
    """It is told with its job, its outer run and when it was due."""
    begun = replace(LOADED, outcome=Outcome.RUNNING, ended_at=None, tables=(), schemas=())
    made = sent(receiver, begun, due_at=at(3))
    assert (receiver.last.method, receiver.last.target) == ("POST", "/api/v1/lineage")
    assert receiver.last.headers["content-type"] == "application/json"
    assert "authorization" not in receiver.last.headers
    assert (made["eventType"], made["eventTime"]) == ("START", "2026-11-23T12:04:00+00:00")
    assert (made["run"]["runId"], made["job"]["namespace"], made["job"]["name"]) == (RUN_ID, "default", "orders")
    facets = made["run"]["facets"]
    assert facets.keys() == {"nominalTime", "parent", "processing_engine"}
    assert facets["nominalTime"]["nominalStartTime"] == "2026-11-23T12:03:00+00:00"
    assert facets["parent"]["job"] == {"namespace": "airflow", "name": "orders.load"}
    assert facets["parent"]["run"] == {"runId": f"{RUN_ID[:-1]}2"}
    kind = made["job"]["facets"]["jobType"]
    assert (kind["processingType"], kind["integration"], kind["jobType"]) == ("BATCH", "DLT", "PIPELINE")
    assert made["job"]["facets"]["ownership"]["owners"] == [{"name": "data-team"}]


def test_a_run_that_went_well(receiver: Receiver) -> None:
    """Its tables are outputs with rows and columns; those of dlt itself are nobody's concern."""
    made = sent(receiver, LOADED, settings={"namespace": "prod", "api_key": "k", "endpoint": "/lineage"})
    assert (receiver.last.target, receiver.last.headers["authorization"]) == ("/lineage", "Bearer k")
    assert (made["eventType"], made["job"]["namespace"]) == ("COMPLETE", "prod")
    [output] = made["outputs"]
    assert (output["namespace"], output["name"]) == ("postgres://db.internal:5432", "warehouse.shop.orders")
    assert output["facets"]["schema"]["fields"] == [{"name": "id", "type": "bigint"}]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 7


def test_a_run_that_failed(receiver: Receiver) -> None:
    """The cause is told with its traceback; a receiver that refused that gets it without."""
    made = sent(receiver, run())
    error = made["run"]["facets"]["errorMessage"]
    assert made["eventType"] == "FAIL"
    assert error["message"] == f"{cause().exception}: {cause().message}"
    assert (error["programmingLanguage"], error["stackTrace"]) == ("python", cause().traceback)
    assert "stackTrace" not in sent(receiver, run(), plain=True)["run"]["facets"]["errorMessage"]
    assert sent(receiver, LOADED, plain=True)["outputs"][0]["facets"] == {}


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"outcome": Outcome.NO_DATA}, "COMPLETE", None),
        ({"outcome": Outcome.ABORTED}, "ABORT", "aborted"),
        ({"outcome": Outcome.BLOCKED}, "ABORT", "blocked"),
        ({"outcome": Outcome.INTERRUPTED}, "ABORT", "interrupted"),
        ({"outcome": Outcome.DIED, "ended_by": "SIGKILL"}, "FAIL", "died: SIGKILL"),
        (
            {"outcome": Outcome.PARTIAL, "failed_jobs": (FailedJob(job="a", table="orders", message="no room"),)},
            "FAIL",
            "orders: no room",
        ),
    ],
)
def test_how_runs_end(changes: dict[str, Any], kind: str, said: str | None, receiver: Receiver) -> None:
    """Every outcome has its type, and what went wrong is said."""
    made = sent(receiver, good_run(stage=Stage.JOB, **changes))
    assert made["eventType"] == kind
    assert made["run"]["facets"].get("errorMessage", {}).get("message") == said
    assert made["job"]["facets"]["jobType"]["integration"] == "TOCSIN"


def test_ids_of_runs(receiver: Receiver) -> None:
    """An id that is no UUID becomes one, the same in all events of the run and another one elsewhere."""
    ids = [sent(receiver, each)["run"]["runId"] for each in (run(), run(), run(environment="prod"), run("run9"))]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("parent", ["", "a/b", "a/b/no-uuid", "/"])
def test_a_parent_that_is_none(parent: str, receiver: Receiver) -> None:
    """What a scheduler has not named is left out."""
    made = sent(receiver, good_run(context=Context(names={"openlineage_parent": parent})))
    assert "parent" not in made["run"]["facets"]


def test_alerts_are_not_sent(receiver: Receiver) -> None:
    """OpenLineage has no word for them."""
    receipt = channel(receiver).send(Outgoing(key="m1", message=FAILED))
    assert (receipt.sent, receipt.answer) == (False, "nothing was sent: OpenLineage knows runs and no alerts")
    assert receiver.requests == []


def test_a_plain_message(receiver: Receiver) -> None:
    """The test of the channel is an event that begins and ends nothing, so that the receiver's answer is seen."""
    receiver.answers(answer(201), answer(401))
    assert channel(receiver).send(Outgoing(key="m1", message=NOTE)).status == 201
    made = receiver.last.json
    checked(event_v2.RunEvent, made)
    assert (made["eventType"], made["job"]["name"]) == ("OTHER", "tocsin")
    assert made["job"]["facets"]["documentation"]["description"] == NOTE.title
    with pytest.raises(DeliveryError) as refused:
        channel(receiver).send(Outgoing(key="m1", message=NOTE))
    assert (refused.value.permanent, refused.value.payload) == (True, False)
