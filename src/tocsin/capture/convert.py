"""What dlt's step infos say, as facts of a run. Nothing here reads a clock, a file or a configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from tocsin.core.run import FailedJob, Outcome, Stage, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange, SchemaVersion

if TYPE_CHECKING:
    from dlt.common.pipeline import StepInfo
    from dlt.common.storages.load_package import LoadPackageInfo

#: What dlt's steps return: ExtractInfo, NormalizeInfo, LoadInfo.
Info: TypeAlias = "StepInfo[Any]"

#: dlt names its own tables like this.
_DLT = "_dlt"
#: Between the name of a column and the type of values that it could not hold.
_VARIANT = "__v_"
#: Columns of a schema that are kept; a description of more would weigh more than the run.
_MOST_COLUMNS = 5000
_LONGEST_MESSAGE = 1000
_TRACEBACK = "Traceback (most recent call last):\n"
#: dlt's exceptions for Ctrl-C and for signals. They are told by name, because where they live moved between versions.
_INTERRUPTIONS = {"KeyboardInterrupt", "SignalReceivedException", "CancelledError"}
_LONGEST_CHAIN = 50


@dataclass(frozen=True, kw_only=True)
class PackageRows:
    """Rows of one load package, as normalize counted them."""

    by_table: Mapping[str, int]
    by_job: Mapping[str, int]


def normalized_rows(info: Info) -> dict[str, PackageRows]:
    """Return the rows of each load package by its load id; the load step itself does not count rows."""
    return {
        load_id: PackageRows(
            by_table={table: count.items_count for table, count in metrics["table_metrics"].items()},
            by_job={job: count.items_count for job, count in metrics["job_metrics"].items()},
        )
        for load_id, [metrics] in (info.metrics or {}).items()
    }


def tables_loaded(load: Info, rows: Mapping[str, PackageRows]) -> tuple[TableLoad, ...]:
    """Return what reached the destination; rows of failed jobs and of packages that were not counted are left out."""
    total: Counter[str] = Counter()
    for package in load.load_packages:
        counted = rows.get(package.load_id)
        if package.state != "loaded" or counted is None:
            continue
        # A table without rows is a fact too: `replace` with an empty list has emptied it.
        total.update(counted.by_table)
        for job in package.jobs.get("failed_jobs", ()):
            total[job.job_file_info.table_name] -= counted.by_job.get(job.job_file_info.job_id(), 0)
    return tuple(TableLoad(table=table, rows=count) for table, count in sorted(total.items()))


def location(load: Info | None) -> str | None:
    """Return where a destination is, without user, password and parameters; None where dlt shows no address of it."""
    shown = str(getattr(load, "destination_displayable_credentials", None) or "")
    # BigQuery is shown as the account and the project: "loader@shop.iam.gserviceaccount.com@shop".
    if getattr(load, "destination_type", "").endswith(".bigquery") and "://" not in shown:
        return f"bigquery://{shown.rpartition('@')[2]}"
    scheme, _, rest = shown.partition("://")
    parts = urlsplit(f"//{rest}")
    host = parts.netloc.rpartition("@")[2]
    # SQLAlchemy writes the driver behind a plus sign.
    return f"{scheme.partition('+')[0]}://{host}{parts.path}" if host or parts.path else None


def outcome_of_error(error: BaseException, *, signalled: bool = False) -> Outcome:
    """Return how a run ended that ended with `error`.

    Args:
        error: What reached the top of the run.
        signalled: A termination signal came while the run was under way; whatever its handler raised, the run was
            interrupted and did not fail.
    """
    if signalled or any(type(each).__name__ in _INTERRUPTIONS for each in chain(error)):
        return Outcome.INTERRUPTED
    return Outcome.EXITED if isinstance(error, SystemExit) else Outcome.FAILED


def outcome_without_error(infos: Mapping[str, Info | None], rows: Mapping[str, PackageRows]) -> Outcome:
    """Return how a run ended that dlt reports as "ok".

    Args:
        infos: What each step of the run returned, by dlt's name of the step ("run", "extract", "normalize", "load").
        rows: Rows of the load packages that were normalized in this process, by load id.
    """
    load = infos.get("load")
    packages = load.load_packages if load else []
    # An aborted package may hold failed jobs, which are why it was aborted.
    if any(package.jobs.get("failed_jobs") and package.state != "aborted" for package in packages):
        return Outcome.PARTIAL
    if any(package.state == "aborted" for package in packages):
        return Outcome.ABORTED
    if "run" in infos and "extract" not in infos and packages:
        return Outcome.PENDING_ONLY
    return Outcome.SUCCEEDED if _has_data(infos, rows) else Outcome.NO_DATA


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and what caused it, as Python shows it in a traceback."""
    link: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if link is None:
            return
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def failed_stage(error: BaseException, begun: Stage) -> Stage:
    """Return the stage that `error` ended: dlt names `sync` in its exception and nowhere else."""
    return Stage.SYNC if getattr(error, "step", None) == "sync" else begun


def failed_jobs(load: Info, redact: Callable[[str], str]) -> tuple[FailedJob, ...]:
    """Return the load jobs that failed for good, with the destination's answer."""
    failed = [(package, job) for package in load.load_packages for job in package.jobs.get("failed_jobs", ())]
    return tuple(
        FailedJob(
            job=job.job_file_info.job_id(),
            table=job.job_file_info.table_name,
            message=_answer(job.failed_message or "", redact),
            load_id=package.load_id,
        )
        for package, job in failed
    )


def last_error(text: str) -> str:
    """Return the message at the end of `text`, which newer versions of dlt fill with a whole traceback."""
    _, found, last = text.rpartition(_TRACEBACK)
    if not found:
        return text.strip()
    lines = last.splitlines()
    while lines and lines[0].startswith("  "):
        lines.pop(0)
    name, colon, message = "\n".join(lines).strip().partition(": ")
    # The class of dlt's wrapper, a dotted name, says nothing about the error.
    return message if colon and all(part.isidentifier() for part in name.split(".")) else f"{name}{colon}{message}"


def schema_changes(load: Info | None) -> tuple[SchemaChange, ...]:
    """Return the user's tables and columns that a load added to a destination that had been loaded before.

    On a first run, and when tables were dropped by a refresh, everything is new, which is no drift.
    """
    if load is None or load.first_run:
        return ()
    return tuple(
        SchemaChange(
            table=name,
            columns=columns,
            new_table=_is_new(package, name, table["columns"]),
            resource=_resource(package, name),
        )
        for package in load.load_packages
        if not getattr(package, "refresh", None)
        for name, table in sorted((package.schema_update or {}).items())
        if not name.startswith(_DLT) and (columns := tuple(_added(table.get("columns", {}))))
    )


def is_refresh(load: Info | None) -> bool:
    """Return whether a load threw away what had been loaded before; older versions of dlt do not tell."""
    return load is not None and any(getattr(package, "refresh", None) for package in load.load_packages)


def schemas(load: Info | None) -> tuple[SchemaVersion, ...]:
    """Return the schemas of the packages that a load has loaded, each as the last of them left it."""
    loaded = [package for package in load.load_packages if package.state == "loaded"] if load is not None else []
    latest = {package.schema.name: package for package in loaded}
    return tuple(
        SchemaVersion(
            name=name,
            version_hash=package.schema.version_hash,
            tables=_shape(package),
        )
        for name, package in latest.items()
    )


def load_ids(infos: Iterable[Info | None]) -> tuple[str, ...]:
    """Return the ids of all load packages that any of the steps worked on, in their order."""
    return tuple(dict.fromkeys(load_id for info in infos if info for load_id in info.loads_ids))


def _has_data(infos: Mapping[str, Info | None], rows: Mapping[str, PackageRows]) -> bool:
    """Whether the last step that was reached handled a row of the user's.

    A package that was normalized by another process has unknown rows, which counts as data.
    """
    if load := infos.get("load"):
        counts = [rows.get(package.load_id) for package in load.load_packages]
        return any(count is None or _any_row(count.by_table) for count in counts)
    if normalize := infos.get("normalize"):
        return any(_any_row(rows[load_id].by_table) for load_id in normalize.loads_ids if load_id in rows)
    extract = infos.get("extract")
    return extract is not None and any(
        _any_row({table: count.items_count for table, count in metrics["table_metrics"].items()})
        for each in (extract.metrics or {}).values()
        for metrics in each
    )


def _any_row(by_table: Mapping[str, int]) -> bool:
    return any(count > 0 for table, count in by_table.items() if not table.startswith(_DLT))


def _is_new(package: LoadPackageInfo, name: str, columns: Container[str]) -> bool:
    """Whether the update holds each column that the table has (columns without a data type were never seen)."""
    known = package.schema.tables.get(name, {}).get("columns", {})
    return all(column in columns for column, hints in known.items() if hints.get("data_type"))


def _added(columns: Mapping[str, Any]) -> Iterator[ColumnChange]:
    for name, hints in columns.items():
        if not name.startswith(_DLT):
            # dlt names a variant after its column and its type: "price__v_text".
            variant_of = name.rpartition(_VARIANT)[0] if hints.get("variant") else None
            yield ColumnChange(name=name, data_type=hints.get("data_type"), variant_of=variant_of or None)


def _resource(package: LoadPackageInfo, table: str) -> str | None:
    """Return the resource of a table; one that was made of nested data has that of the table around it."""
    tables: Mapping[str, Any] = package.schema.tables
    while (found := tables.get(table)) is not None and not found.get("resource"):
        table = found.get("parent", "")
    return found.get("resource") if found is not None else None


def _shape(package: LoadPackageInfo) -> dict[str, dict[str, str]] | None:
    """Return the data types of the user's columns, by table; None where that would be too much to keep.

    A table that is declared and has never got a row is not made by dlt, and is left out.
    """
    tables = {
        name: {
            column: str(hints["data_type"])
            for column, hints in table.get("columns", {}).items()
            if hints.get("data_type") and not column.startswith(_DLT)
        }
        for name, table in package.schema.tables.items()
        if not name.startswith(_DLT) and (table.get("x-normalizer") or {}).get("seen-data")
    }
    kept = {name: columns for name, columns in tables.items() if columns}
    return kept if sum(map(len, kept.values())) <= _MOST_COLUMNS else None


def _answer(text: str, redact: Callable[[str], str]) -> str:
    """Return what the destination said, without secrets and without values of rows."""
    # Its patterns are compiled where something has failed, because runs that go well do without.
    from tocsin.core.explain.row_values import hide_row_values

    text = hide_row_values(redact(last_error(text)))
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]} […]"
