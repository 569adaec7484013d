"""Bodies that are events of OpenLineage, and what is said of those that are not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openlineage.client.event_v2 import RunState

from lineage_events import body, event, failed
from tocsin.web.api.event_text import MOST_EVENTS
from tocsin.web.lineage.body import json_of, read_batch, read_event
from tocsin.web.problem import Problem

_RUN = {"runId": "0192fa5e-0000-7000-8000-000000000001"}
_JOB = {"namespace": "a", "name": "b"}
_AT = "2026-11-23T12:00:00Z"


@pytest.mark.parametrize(
    ("made", "detail"),
    [
        ([], "Expected `object`, got `array` - at `$`"),
        ({}, "Object missing required field `eventTime` - at `$`"),
        ({"eventTime": "noon", "job": _JOB}, "Invalid RFC3339 encoded datetime - at `$.eventTime`"),
        (
            {"eventTime": "2026-11-23T12:00:00", "job": _JOB},
            "Expected `datetime` with a timezone component - at `$.eventTime`",
        ),
        ({"eventTime": _AT}, "An event is about a `run` and its `job`, a `job`, or a `dataset` - at `$`"),
        ({"eventTime": _AT, "run": _RUN}, "An event about a run needs a `job` - at `$`"),
        ({"eventTime": _AT, "run": {"runId": "7"}, "job": _JOB}, "Invalid UUID - at `$.run.runId`"),
        (
            {"eventTime": _AT, "eventType": "END", "run": _RUN, "job": _JOB},
            "Invalid enum value 'END' - at `$.eventType`",
        ),
        ({"eventTime": _AT, "job": {"namespace": "a"}}, "Object missing required field `name` - at `$.job`"),
        (
            {"eventTime": _AT, "job": {"namespace": "", "name": "b"}},
            "Expected `str` of length >= 1 - at `$.job.namespace`",
        ),
    ],
)
def test_what_is_no_event(made: Any, detail: str) -> None:
    """It is said what is wrong, and where that stands."""
    with pytest.raises(Problem) as refused:
        read_event(json_of(json.dumps(made).encode()))
    assert (refused.value.status, refused.value.detail) == (422, detail)


@pytest.mark.parametrize("sent", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json(sent: bytes) -> None:
    """It is refused as such."""
    with pytest.raises(Problem) as refused:
        json_of(sent)
    assert refused.value.status == 400


@pytest.mark.parametrize("words", ["\udc80", "NaN"])
def test_what_python_takes_for_json(words: str) -> None:
    """Its clients write halves of surrogate pairs and NaN; the run is told all the same."""
    made = body(event(RunState.FAIL, 0, facets=failed(words)))
    made["run"]["facets"]["other"] = {"mean": float("nan")}
    read = read_event(json_of(json.dumps(made).encode()))
    assert read.run is not None
    assert read.run.facets is not None
    assert read.run.facets["other"] == {"mean": None}
    assert read.run.facets["errorMessage"]["message"] in {"?", "NaN"}


def test_batches_have_bounds() -> None:
    """A batch is a list, and not too long a one."""
    assert read_batch(b'[{"a": 1}, 2]') == [b'{"a": 1}', b"2"]
    with pytest.raises(Problem) as refused:
        read_batch(b"{}")
    assert refused.value.detail == "The body is no list of events. Send a single event to /api/v1/lineage."
    with pytest.raises(Problem) as refused:
        read_batch(json.dumps([1] * (MOST_EVENTS + 1)).encode())
    assert refused.value.status == 413
