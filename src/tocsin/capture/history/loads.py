"""Runs from `_dlt_loads`, which dlt writes beside the data of every pipeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from tocsin.capture.checks.attached import attached
from tocsin.capture.dlt_pipeline import target
from tocsin.core.run import Outcome, Run, Stage, TableLoad
from tocsin.errors import ConfigError

#: dlt's status of a load that is complete.
_LOADED = 0


def read_loads(name: str, *, environment: str, destination: str | None = None, dataset: str | None = None) -> list[Run]:
    """Return one run for each load of a pipeline, with the rows that are in the destination of it.

    Only tables that rows are added to (`append`) tell how many came with each load: what is merged or replaced later
    is missing there. How long a run took is known from its load package on, without extract.

    Args:
        name: Name of the pipeline.
        environment: Where the runs ran.
        destination: See `attached`.
        dataset: See `attached`.

    Raises:
        ConfigError: dlt cannot attach to the pipeline, or its destination is not asked with SQL.
    """
    with attached(name, destination=destination, dataset=dataset) as pipeline:
        try:
            with pipeline.sql_client() as client:
                rows = _rows(client, _appended(pipeline))
                loads = _loads(client)
        except Exception as error:
            # Every destination has errors of its own.
            raise ConfigError(
                f"the loads of {name} cannot be read from its destination: {type(error).__name__}: {error}"
            ) from error
        return [
            Run(
                id=load_id,
                pipeline=name,
                environment=environment,
                started_at=began,
                ended_at=ended,
                outcome=Outcome.SUCCEEDED,
                stage=Stage.LOAD,
                logical_id=load_id,
                tables=tuple(rows[load_id]),
                load_ids=(load_id,),
                first_run=number == 0,
                **target(pipeline),
            )
            for number, (load_id, began, ended) in enumerate(loads)
        ]


def _appended(pipeline: Any) -> Iterator[str]:  # noqa: ANN401  # dlt's Pipeline
    for schema in pipeline.schemas.values():
        for table in schema.data_tables():
            if not table.get("parent") and table.get("write_disposition", "append") == "append":
                yield table["name"]


def _rows(client: Any, tables: Iterator[str]) -> dict[str, list[TableLoad]]:  # noqa: ANN401  # dlt's SqlClientBase
    """Return what is there of each load."""
    rows: defaultdict[str, list[TableLoad]] = defaultdict(list)
    for table in sorted(set(tables)):
        place = client.make_qualified_table_name(table)
        for load_id, number in _ask(client, f"SELECT _dlt_load_id, COUNT(*) FROM {place} GROUP BY _dlt_load_id"):  # noqa: S608  # quoted by dlt
            rows[str(load_id)].append(TableLoad(table=table, rows=int(number)))
    return rows


def _loads(client: Any) -> list[tuple[str, datetime, datetime]]:  # noqa: ANN401  # see above
    """Return each load that is complete, oldest first: its id, when its package was made, and when it was loaded."""
    place = client.make_qualified_table_name("_dlt_loads")
    found = _ask(client, f"SELECT load_id, inserted_at FROM {place} WHERE status = {_LOADED}")  # noqa: S608  # see above
    loads = []
    for load_id, inserted_at in found:
        ended = _utc(inserted_at)
        # The id of a load is the time at which its package was made, in seconds.
        began = datetime.fromtimestamp(float(load_id), UTC)
        loads.append((str(load_id), min(began, ended), ended))
    return sorted(loads, key=lambda load: load[1])


def _ask(client: Any, query: str) -> Sequence[Sequence[Any]]:  # noqa: ANN401  # see above
    with client.execute_query(query) as cursor:
        found: Sequence[Sequence[Any]] = cursor.fetchall()
        return found


def _utc(moment: Any) -> datetime:  # noqa: ANN401  # a datetime, or its text where a destination has no such type
    at = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
