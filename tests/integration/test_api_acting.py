"""What can be done through the API of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

import api_facts
from made import at
from served import Served, serving
from tocsin.core.access import Action
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification, Status
from typed_process import wait_until

_LATER = "2999-01-01T00:00:00+01:00"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with some of everything in its store."""
    with serving(tmp_path_factory.mktemp("api"), settings=api_facts.CHANNEL) as running:
        yield running


@pytest.fixture
def api(served: Served) -> Iterator[httpx2.Client]:
    """Whoever asks it, from the same machine."""
    # What another test has changed is put back.
    api_facts.fill(served.engine.store)
    with httpx2.Client(base_url=f"{served.address}/api/v1", timeout=60) as client:
        yield client


def _ask(api: httpx2.Client, path: str, **parameters: str | int) -> Any:
    answer = api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _act(api: httpx2.Client, path: str, **body: object) -> httpx2.Response:
    return api.post(path, json=body) if body else api.post(path)


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("/alerts/nothing/ack", {}, 404, "There is no alert with the id 'nothing'. See those that are: GET"),
        # The beginning of an id is enough for people, not for programs.
        ("/alerts/alert/ack", {}, 404, "There is no alert with the id 'alert'."),
        ("/alerts/over1/ack", {}, 409, "The alert was over at 2026-11-23 12:09:00 UTC: run 3f2a loaded 7 rows."),
        ("/alerts/alert1/snooze", {"until": "2020-01-01T00:00:00Z"}, 422, "2020-01-01T00:00:00+00:00 has passed."),
        ("/alerts/alert1/snooze", {"until": "2999-01-01T00:00:00"}, 422, "should have timezone info"),
        ("/alerts/alert1/snooze", {"until": "9999-12-31T23:59:59-12:00"}, 422, "the year has to be from 1970"),
        ("/alerts/alert1/ack", {"isue": "4711"}, 422, "body.isue: Extra inputs are not permitted"),
        ("/notifications/nothing/redeliver", {}, 404, "There is no notification with the id 'nothing'."),
        ("/notifications/waiting1/redeliver", {}, 409, "it waits to be sent, and is tried again by itself"),
        ("/notifications/quiet1/redeliver", {}, 409, "it was decided not to tell it, so there is no message"),
        ("/channels/opps/test", {}, 404, "no channel is called 'opps'; there are: ops"),
        ("/silences/nothing/end", {}, 404, "There is no silence with the id 'nothing'."),
        ("/silences/preview", {"conditions": ["team=x"]}, 422, "asks for the label 'team'"),
    ],
)
def test_what_cannot_be_done_says_why(
    api: httpx2.Client, path: str, body: dict[str, object], status: int, detail: str
) -> None:
    """A problem says what was found and what to do."""
    answer = _act(api, path, **body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert detail in answer.json()["detail"]


def test_what_is_done_to_an_alert_is_done_once(api: httpx2.Client, served: Served) -> None:
    """To ask twice changes nothing more, and the audit trail tells who it was and from where."""
    acts = {"ack": "acknowledged", "snooze": "snoozed", "resolve": "resolved"}
    for act, change in acts.items():
        body = {"until": _LATER} if act == "snooze" else {}
        assert _act(api, f"/alerts/alert1/{act}", **body).json()["change"] == change
        assert _act(api, f"/alerts/alert1/{act}", **body).json()["change"] == "nothing"
    entries = _ask(api, "/audit", subject="alert1")
    assert [one["action"] for one in entries] == [Action.RESOLVE, Action.SNOOZE, Action.ACKNOWLEDGE]
    assert {(one["actor"], one["origin"]) for one in entries} == {("somebody", "127.0.0.1")}
    assert served.engine.store.url.startswith("sqlite")


def test_a_new_level_is_accepted_of_volume_only(api: httpx2.Client) -> None:
    """An alert about a failed run has no level."""
    assert _act(api, "/alerts/volume1/accept").json()["change"] == "resolved"
    refused = _act(api, "/alerts/alert1/accept")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "The alert is about delivery: a new level can be accepted of volume and duration.",
    )


def test_a_silence_is_added_once_and_ended_once(api: httpx2.Client) -> None:
    """The same request again finds the silence that is there; it tells what it leaves open when it ends."""
    asked = {"conditions": ["pipeline=orders"], "ends_at": _LATER, "reason": "the warehouse is moved"}
    preview = _act(api, "/silences/preview", conditions=asked["conditions"]).json()
    assert {one["id"] for one in preview["alerts"]} == {"alert1", "volume1"}
    added, again = _act(api, "/silences", **asked), _act(api, "/silences", **asked)
    assert (added.status_code, again.status_code) == (201, 200)
    assert added.json() == again.json()
    name = added.json()["id"]
    assert {one["id"] for one in _ask(api, "/silences")["items"]} == {name, "silence1"}
    # The other silence mutes everything, so that nothing is said of what this one leaves.
    assert _act(api, f"/silences/{name}/end").json()["still_open"] == []
    assert _act(api, f"/silences/{name}/end").json()["silence"]["state"] == "expired"
    assert _ask(api, f"/silences/{name}")["ended_by"] == "somebody"
    assert {one["id"] for one in _ask(api, "/silences", state="all")["items"]} == {name, "silence1", "ended1"}


@pytest.mark.parametrize("name", ["sent1", "dead1"])
def test_a_message_is_sent_once_more_once(api: httpx2.Client, name: str) -> None:
    """A message that was sent or given up goes out again as one of its own, however often that is asked."""
    again = _act(api, f"/notifications/{name}/redeliver").json()
    assert again["because"] == "sent again by somebody"
    assert _act(api, f"/notifications/{name}/redeliver").json()["id"] == again["id"] != name
    assert [one["subject"] for one in _ask(api, "/audit", action="redeliver", subject=name)] == [name]


def test_a_message_goes_out_again_at_once(served: Served, api: httpx2.Client) -> None:
    """Whoever asks for it need not wait for the next look of the engine."""
    with served.engine.store.writing() as tx:
        tx.add_notification(
            Notification(
                id="lost1",
                channel="ops",
                reason=Reason.PLAIN_MESSAGE,
                message=api_facts.MESSAGE,
                created_at=at(1),
                due_at=at(1),
                status=Status.DEAD,
            )
        )
    again = _act(api, "/notifications/lost1/redeliver").json()["id"]
    wait_until(lambda: bool(_ask(api, f"/notifications/{again}")["status"] == "sent"), "the message")


def test_a_channel_is_tested(api: httpx2.Client) -> None:
    """A real message goes through it, and the answer says what the receiver said."""
    tested = _act(api, "/channels/ops/test").json()
    assert (tested["delivery"]["ok"], tested["was_disabled"]) == (True, None)
    [channel] = _ask(api, "/channels")
    assert (channel["name"], channel["state"], channel["why"]) == ("ops", "ok", "")


def test_metrics_can_be_read(api: httpx2.Client, served: Served) -> None:
    """Prometheus understands them, and they tell of the store and of what was asked."""
    httpx2.get(f"{served.address}/metrics")
    _act(api, "/channels/ops/test")
    answer = httpx2.get(f"{served.address}/metrics", headers={"Accept": "text/plain"})
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert found["tocsin_store_up",] == 1
    assert found["tocsin_outbox_messages", "nowhere"] == 1
    assert found["tocsin_alerts_open", "error", "failed"] == 1
    assert found["tocsin_pipelines", "failed"] == 1
    assert found["tocsin_channel_works", "ops"] == 1
    assert found["tocsin_http_requests_total", "/api/v1/channels/{channel}/test", "200", "POST"] >= 1
    assert found["tocsin_inbox_events",] == 0
    assert found["process_resident_memory_bytes",] > 0
