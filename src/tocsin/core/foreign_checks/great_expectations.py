"""What came of expectations: the JSON of a validation, or of a checkpoint's `describe()`.

Made for Great Expectations 1; validations of 0.18 differ in names only, which are read too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tocsin.core.check import CheckResult
from tocsin.core.foreign_checks.result import Source, Told, moment
from tocsin.core.severity import Severity

#: The tool calls what nobody has thought about "critical".
_SEVERITIES = {"critical": Severity.ERROR, "warning": Severity.WARNING, "info": Severity.INFO}
_PREFIX = "expect_"


def recognizes(document: Mapping[str, Any]) -> bool:
    """Return whether it is this format."""
    return "validation_results" in document or ("results" in document and bool(_suite(document)))


def read(document: Mapping[str, Any], source: Source) -> list[CheckResult]:
    """Return what came of each expectation of each validation."""
    return [told.result(source) for one in document.get("validation_results", (document,)) for told in _all_told(one)]


def _all_told(validation: Mapping[str, Any]) -> Iterator[Told]:
    meta = validation.get("meta") or {}
    batch = meta.get("active_batch_definition") or {}
    at = meta.get("run_id", {}).get("run_time") if isinstance(meta.get("run_id"), Mapping) else None
    seen: dict[str, int] = {}
    for one in validation.get("results") or validation.get("expectations") or ():
        told = _told(one, _suite(validation), batch, at)
        # The same may be expected of a column twice, with other values.
        seen[told.name] = number = seen.get(told.name, 0) + 1
        yield told if number == 1 else Told(**{**vars(told), "name": f"{told.name} {number}"})


def _told(one: Mapping[str, Any], suite: str, batch: Mapping[str, Any], at: object) -> Told:
    config = one.get("expectation_config") or one
    kind = str(config.get("type") or config["expectation_type"])
    values = {key: value for key, value in (config.get("kwargs") or {}).items() if key != "batch_id"}
    # "shop-orders": the data source and the asset.
    source, _, asset = str((config.get("kwargs") or {}).get("batch_id") or "").partition("-")
    table = str(batch.get("data_asset_name") or asset)
    column = str(values.pop("column", "") or "")
    result = one.get("result") or {}
    error = "" if one["success"] else _error(one.get("exception_info") or {})
    failed = not one["success"] and not error
    observed = result.get("observed_value")
    return Told(
        tool="Great Expectations",
        name=" ".join(part for part in (suite or table, column, kind.removeprefix(_PREFIX)) if part),
        pipeline=str(batch.get("datasource_name") or source or suite),
        question=_question(kind, column, values),
        table=table,
        column=column,
        owner=str((config.get("meta") or {}).get("owner") or ""),
        severity=_SEVERITIES.get(str(config.get("severity")), Severity.ERROR) if failed else None,
        failing=result.get("unexpected_count"),
        checked=result.get("element_count"),
        message=f"the observed value is {observed}" if failed and observed is not None else "",
        error=error,
        at=moment(at),
    )


def _suite(validation: Mapping[str, Any]) -> str:
    meta = validation.get("meta") or {}
    return str(validation.get("suite_name") or meta.get("expectation_suite_name") or "")


def _question(kind: str, column: str, values: Mapping[str, Any]) -> str:
    """Return "column values to be in set: column status, value_set ['open', 'paid']"."""
    asked = kind.removeprefix(_PREFIX).replace("_", " ")
    said = [f"column {column}"] if column else []
    said += [f"{key} {value}" for key, value in values.items() if value is not None]
    return f"{asked}: {', '.join(said)}" if said else asked


def _error(info: Mapping[str, Any]) -> str:
    """Return why an expectation could not be evaluated; since 1.0 there is one reason a metric."""
    reasons = [info, *(each for each in info.values() if isinstance(each, Mapping))]
    raised = (each for each in reasons if each.get("raised_exception"))
    return next((str(each.get("exception_message") or "it raised an exception") for each in raised), "")
