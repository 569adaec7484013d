"""What `[tocsin.pipelines.NAME]` asks of what the pipeline brings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from tocsin.config.merge import Leaf, Tree
from tocsin.config.model import PipelineConfig
from tocsin.config.reader import Reader, problem_of, table_of, value_of
from tocsin.config.settings import TABLE
from tocsin.core.check import Check, CheckKind
from tocsin.core.limits import FreshLimit, Limits, RowLimits
from tocsin.core.severity import Severity


def read_limits(reader: Reader, tree: Tree, given: Mapping[str, object], prefix: str) -> Limits:
    """Return what is asked of a pipeline; what is wrong becomes a problem.

    Args:
        reader: Collects the problems.
        tree: The table of the pipeline.
        given: The values of its settings.
        prefix: Where it stands: "tocsin.pipelines.orders".
    """
    rows = {}
    fresh = {}
    for name, table in table_of(tree, "tables").items():
        key = f"{prefix}.tables.{name}"
        if isinstance(table, Leaf):
            reader.problems.append(problem_of(table, key, f"expected a table: write [{key}]"))
            continue
        found = reader.read(table, TABLE, key)
        within: timedelta | None = value_of(found, "fresh_within", None)
        if within is not None:
            fresh[name] = FreshLimit(within=within, column=value_of(found, "fresh_column", ""))
        elif "fresh_column" in found:
            remedy = 'says nothing without fresh_within; write for example fresh_within = "26h" beside it'
            reader.problems.append(problem_of(table["fresh_column"], f"{key}.fresh_column", remedy))
        least: int | None = value_of(found, "min_rows", None)
        most: int | None = value_of(found, "max_rows", None)
        if least is not None and most is not None and least > most:
            reader.problems.append(problem_of(table, f"{key}.min_rows", f"{least} is more than max_rows = {most}"))
            continue
        rows[name] = RowLimits(least=least, most=most)
    return Limits(
        volume=value_of(given, "volume", default=True),
        duration=value_of(given, "duration", default=True),
        rows=rows,
        fresh=fresh,
    )


def fresh_checks(pipelines: Mapping[str, PipelineConfig]) -> tuple[Check, ...]:
    """Return the checks that ask columns for the age of their tables."""
    return tuple(
        Check(
            name=f"{table}_{limit.column}_fresh",
            pipeline=pipeline,
            kind=CheckKind.FRESHNESS,
            table=table,
            columns=(limit.column,),
            max_age=limit.within,
            severity=Severity.ERROR,
            origin=f"tocsin.pipelines.{pipeline}.tables.{table}",
        )
        for pipeline, config in pipelines.items()
        for table, limit in config.limits.fresh.items()
        if limit.column
    )
