"""What came of a scan of Soda's: the JSON that `soda scan --scan-results-file` writes (Soda Core 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.check import CheckResult
from tocsin.core.foreign_checks.result import Source, Told, moment
from tocsin.core.severity import Severity

_SEVERITIES = {"fail": Severity.ERROR, "warn": Severity.WARNING}
_PASSED = "pass"


def recognizes(document: Mapping[str, Any]) -> bool:
    """Return whether it is this format."""
    return {"scanStartTimestamp", "checks"} <= document.keys()


def read(document: Mapping[str, Any], source: Source) -> list[CheckResult]:
    """Return what came of each check; a scan that broke off before is a check of its own that could not be run."""
    at = moment(document.get("dataTimestamp"))
    project = document.get("defaultDataSource") or document.get("definitionName", "")
    errors = [log["message"] for log in document.get("logs", ()) if log.get("level") == "error"]
    scan = Told(
        tool="Soda",
        name=f"scan of {project}",
        pipeline=project,
        question="the scan comes to its end",
        error=errors[0] if document.get("hasErrors") and errors else "",
        at=at,
    )
    told = [
        Told(
            tool="Soda",
            name=one["name"],
            pipeline=one.get("dataSource") or project,
            question=one["name"],
            table=one.get("table") or "",
            column=one.get("column") or "",
            owner=_owner(one),
            severity=_SEVERITIES.get(one.get("outcome") or ""),
            failing=_failing(one),
            message=_message(one),
            error="" if one.get("outcome") in {*_SEVERITIES, _PASSED} else _unknown(errors),
            at=at,
        )
        for one in document["checks"]
    ]
    return [each.result(source) for each in (scan, *told)]


def _owner(one: Mapping[str, Any]) -> str:
    attributes = one.get("resourceAttributes") or ()
    return next((str(each["value"]) for each in attributes if each.get("name") == "owner"), "")


def _failing(one: Mapping[str, Any]) -> int | None:
    """Return how many rows fail, which Soda counts for checks of rows alone."""
    blocks = (one.get("diagnostics") or {}).get("blocks") or ()
    return next((block["totalFailingRows"] for block in blocks if block.get("totalFailingRows") is not None), None)


def _message(one: Mapping[str, Any]) -> str:
    value = (one.get("diagnostics") or {}).get("value")
    return f"the value is {value}" if value is not None and _failing(one) is None else ""


def _unknown(errors: list[str]) -> str:
    return errors[0] if errors else "Soda did not evaluate it"
