"""What the API of a real server shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx2
import pytest

import api_facts
from made import at, run
from served import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with some of everything in its store."""
    with serving(tmp_path_factory.mktemp("api"), settings=api_facts.CHANNEL) as running:
        api_facts.fill(running.engine.store)
        yield running


@pytest.fixture
def api(served: Served) -> Iterator[httpx2.Client]:
    """Whoever asks it, from the same machine."""
    with httpx2.Client(base_url=f"{served.address}/api/v1", timeout=60) as client:
        yield client


def _ask(api: httpx2.Client, path: str, **parameters: str | int) -> Any:
    answer = api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_runs_are_found_by_what_they_are(api: httpx2.Client) -> None:
    """Filters hold together; a name may hold a slash."""
    assert [one["id"] for one in _ask(api, "/runs", pipeline="stock/eu")["items"]] == ["run2"]
    assert [one["id"] for one in _ask(api, "/runs", outcome="failed")["items"]] == ["full1"]
    assert [one["id"] for one in _ask(api, "/runs", before=at(4).isoformat())["items"]] == ["full1"]
    assert _ask(api, "/runs", environment="elsewhere")["items"] == []


def test_a_text_that_no_encoding_has_is_shown(api: httpx2.Client) -> None:
    """Halves of surrogate pairs come through as escapes."""
    assert _ask(api, "/runs/full1")["note"] == api_facts.TORN


def test_pipelines_stand_with_the_worst_first(api: httpx2.Client) -> None:
    """A pipeline is told by its worst open alert, else by how it ran last."""
    found = _ask(api, "/pipelines")["items"]
    assert (found[0]["pipeline"], found[0]["state"]) == ("orders", "failed")
    assert {one["state"] for one in found[1:]} == {"succeeded"}
    cut = _ask(api, "/pipelines", limit=1)
    assert _ask(api, "/pipelines", limit=2, cursor=cut["next"])["items"] == found[1:]
    assert _ask(api, "/pipelines/default/stock/eu")["run"]["id"] == "run2"


def test_what_is_expected_and_checked_is_shown(api: httpx2.Client) -> None:
    """Slots come newest first and page by page, checks with their results."""
    of_orders = {"pipeline": "orders", "environment": "default"}
    first = _ask(api, "/slots", limit=2, **of_orders)
    rest = _ask(api, "/slots", limit=2, cursor=first["next"], **of_orders)
    due = [datetime.fromisoformat(slot["due_at"]) for slot in first["items"] + rest["items"]]
    assert due == [at(2), at(1), at(0)]
    [check] = _ask(api, "/checks", **of_orders)
    assert [result["status"] for result in check["results"]] == ["error", "failed"]


def test_an_alert_tells_its_life(api: httpx2.Client) -> None:
    """Who was told, or not and why, and what the receivers answered."""
    told = {one["id"]: one for one in _ask(api, "/alerts/alert1")["notifications"]}
    assert [one.get("status") for one in told["sent1"]["deliveries"]] == [503, None]
    assert told["quiet1"]["reason"] == "not told: silenced"
    assert {one["id"] for one in _ask(api, "/alerts")["items"]} == {"alert1", "volume1"}
    assert {one["id"] for one in _ask(api, "/alerts", state="all")["items"]} == {"alert1", "volume1", "over1"}
    assert [one["id"] for one in _ask(api, "/alerts", kind="volume")["items"]] == ["volume1"]
    [group] = _ask(api, "/groups")["items"]
    assert _ask(api, f"/groups/{group['id']}")["alerts"][0]["id"] == "alert1"


def test_runs_are_listed_page_by_page(api: httpx2.Client, served: Served) -> None:
    """The pages hold each run once, also while another one comes in."""
    first = _ask(api, "/runs", limit=2)
    with served.engine.store.writing() as tx:
        tx.save_run(run("newer", ended=60))
    second = _ask(api, "/runs", limit=2, cursor=first["next"])
    assert [one["id"] for one in first["items"] + second["items"]] == ["run3", "run2", "full1"]
    assert second["next"] is None
