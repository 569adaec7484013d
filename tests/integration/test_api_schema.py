"""The API does what its schema says, asked by schemathesis: `TOCSIN_API_CASES=10000` for the full number."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import api_facts
from served import Served, serving

_CASES = int(os.environ.get("TOCSIN_API_CASES", "400"))
#: So many that chance finds something of everything.
_MANY = 10_000
_SCOPES = ("ingest", "read", "act", "admin")
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: What there is, so that not all that is asked for is missing.
_KNOWN = {
    "alert_id": api_facts.ALERTS,
    "run_id": api_facts.RUNS,
    "notification_id": api_facts.NOTIFICATIONS,
    "silence_id": api_facts.SILENCES,
    "group_id": (api_facts.GROUP,),
    "channel": ("ops", "nowhere"),
    "pipeline": ("orders",),
    "environment": ("default",),
    "conditions": (["pipeline=orders"],),
    "ends_at": ("2100-01-01T00:00:00Z",),
    "until": ("2100-01-01T00:00:00Z",),
}
#: A channel that takes everything, and one that never does.
_SETTINGS = """
[tocsin.channels.ops]
type = "file"
path = "told.jsonl"

[tocsin.channels.nowhere]
type = "webhook"
url = "http://127.0.0.1:9/"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with some of everything in its store."""
    with serving(tmp_path_factory.mktemp("api"), settings=_SETTINGS) as running:
        api_facts.fill(running.engine.store)
        yield running


@pytest.fixture(scope="module")
def schema(served: Served) -> dict[str, Any]:
    """What the server says of itself."""
    document: dict[str, Any] = httpx2.get(f"{served.address}/api/v1/openapi.json").json()
    return document


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_tells_all_of_itself(schema: dict[str, Any]) -> None:
    """Each has an id of its own, a summary, a description, and says which scope it needs and how it refuses."""
    ids = [operation["operationId"] for _, operation in _operations(schema)]
    assert len(ids) == len(set(ids))
    for name, operation in _operations(schema):
        assert operation["operationId"].replace("_", "").isalpha(), name
        assert len(operation["operationId"]) < 30, name
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        if not name.endswith(("/healthz", "/readyz", "/clock")):
            assert operation["security"][0] in [{"key": [scope]} for scope in _SCOPES], name
            assert {"401", "403", "500", "503"} <= operation["responses"].keys(), name
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], name


def test_numbers_and_texts_in_requests_have_bounds(schema: dict[str, Any]) -> None:
    """No list is longer than 500, and no text in an address without end."""
    for name, operation in _operations(schema):
        for parameter in operation.get("parameters", []):
            kinds = parameter["schema"].get("anyOf", [parameter["schema"]])
            for kind in kinds:
                if kind.get("type") == "integer":
                    assert "maximum" in kind, (name, parameter["name"])
                if kind.get("type") == "string" and "format" not in kind and "enum" not in kind:
                    assert "maxLength" in kind, (name, parameter["name"])
            if parameter["name"] == "limit":
                assert parameter["schema"]["maximum"] <= 500, name


def test_every_answer_is_as_the_schema_says(served: Served) -> None:
    """Whatever is asked, right or wrong, the server does not fail, and answers with what the schema promises."""
    loaded = schemathesis.openapi.from_url(f"{served.address}/api/v1/openapi.json")
    operations = [found.ok() for found in loaded.get_all_operations() if isinstance(found, Ok)]
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    share = max(_CASES // (len(operations) * len(modes)), 1)
    seen: dict[str, set[int]] = {}
    for operation in operations:
        # What was resolved, or ended, goes on again.
        api_facts.fill(served.engine.store)
        for mode in modes:
            statuses = seen.setdefault(operation.label, set())
            if mode is GenerationMode.POSITIVE:
                _ask(operation, mode, share, statuses)
            else:
                # Without a parameter or a body there is nothing to do wrong.
                with suppress(Unsatisfiable):
                    _ask(operation, mode, share, statuses)
    if _CASES >= _MANY:
        # The schema is not only true of problems.
        poor = [name for name, statuses in seen.items() if not any(status < 300 for status in statuses)]
        assert poor == [], json.dumps({name: sorted(seen[name]) for name in poor})
    assert served.process.process.poll() is None


def _ask(operation: Any, mode: GenerationMode, share: int, seen: set[int]) -> None:
    @settings(
        max_examples=share,
        deadline=None,
        database=None,
        derandomize=_CASES <= 1000,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.sampled_from(range(4)))
    def ask(case: Any, known: int) -> None:
        for given_parameters in (case.path_parameters, case.query, case.body):
            for name in _KNOWN.keys() & (set(given_parameters) if isinstance(given_parameters, dict) else ()):
                if known:
                    given_parameters[name] = _KNOWN[name][known % len(_KNOWN[name])]
        response = case.call(timeout=60)
        case.validate_response(response, checks=_CHECKS)
        seen.add(response.status_code)

    ask()
