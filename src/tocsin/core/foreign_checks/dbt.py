"""What came of dbt's tests: `run_results.json`, and beside it the manifest, which knows owners and descriptions.

Sources: https://schemas.getdbt.com/dbt/run-results/v6.json and https://schemas.getdbt.com/dbt/manifest/v12.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.check import CheckResult
from tocsin.core.foreign_checks.result import Source, Told, moment
from tocsin.core.severity import Severity

_TESTS = ("test.", "unit_test.")
_SEVERITIES = {"fail": Severity.ERROR, "warn": Severity.WARNING}
#: What was not run says nothing; what went before it and failed is told by itself.
_NOT_RUN = frozenset({"skipped", "no-op"})


def recognizes(document: Mapping[str, Any]) -> bool:
    """Return whether it is this format."""
    return "/run-results/" in str((document.get("metadata") or {}).get("dbt_schema_version"))


def read(document: Mapping[str, Any], source: Source) -> list[CheckResult]:
    """Return what came of each test; models are no checks."""
    nodes = {**(source.manifest or {}).get("nodes", {}), **(source.manifest or {}).get("unit_tests", {})}
    generated_at = document["metadata"].get("generated_at")
    return [
        _told(one, nodes, generated_at).result(source)
        for one in document["results"]
        if one["unique_id"].startswith(_TESTS) and one["status"] not in _NOT_RUN
    ]


def _told(one: Mapping[str, Any], nodes: Mapping[str, Any], generated_at: object) -> Told:
    # "test.shop.unique_orders_id.1360ecc70e": the kind, the project, the name and a hash.
    _, project, name, *_ = one["unique_id"].split(".")
    node = nodes.get(one["unique_id"], {})
    tested = nodes.get(node.get("attached_node"), {})
    severity = _SEVERITIES.get(one["status"])
    timing = one.get("timing") or [{}]
    return Told(
        tool="dbt",
        name=node.get("name", name),
        pipeline=project,
        question=node.get("description", ""),
        table=tested.get("name", ""),
        column=node.get("column_name") or "",
        owner=_owner(node) or _owner(tested),
        severity=severity,
        failing=one.get("failures"),
        message=one.get("message") or "" if severity is not None and one.get("failures") is None else "",
        sql=one.get("compiled_code") or "",
        error=one.get("message") or "dbt says nothing more" if one["status"] in {"error", "runtime error"} else "",
        at=moment(timing[-1].get("completed_at") or generated_at),
        took=one.get("execution_time") or 0,
    )


def _owner(node: Mapping[str, Any]) -> str:
    """Return `meta.owner`, which new versions of dbt keep in the node's configuration too."""
    metas = ((node.get("config") or {}).get("meta") or {}, node.get("meta") or {})
    return str(next((meta["owner"] for meta in metas if meta.get("owner")), ""))
