"""What `[tocsin.pipelines.NAME]` asks of what the pipeline brings."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.config.merge import Leaf, Tree
from tocsin.config.reader import Reader, problem_of, table_of, value_of
from tocsin.config.settings import TABLE
from tocsin.core.limits import Limits, RowLimits


def read_limits(reader: Reader, tree: Tree, given: Mapping[str, object], prefix: str) -> Limits:
    """Return what is asked of a pipeline; what is wrong becomes a problem.

    Args:
        reader: Collects the problems.
        tree: The table of the pipeline.
        given: The values of its settings.
        prefix: Where it stands: "tocsin.pipelines.orders".
    """
    rows = {}
    for name, table in table_of(tree, "tables").items():
        key = f"{prefix}.tables.{name}"
        if isinstance(table, Leaf):
            reader.problems.append(problem_of(table, key, f"expected a table: write [{key}]"))
            continue
        found = reader.read(table, TABLE, key)
        least: int | None = value_of(found, "min_rows", None)
        most: int | None = value_of(found, "max_rows", None)
        if least is not None and most is not None and least > most:
            reader.problems.append(problem_of(table, f"{key}.min_rows", f"{least} is more than max_rows = {most}"))
            continue
        rows[name] = RowLimits(least=least, most=most)
    return Limits(
        volume=value_of(given, "volume", default=True), duration=value_of(given, "duration", default=True), rows=rows
    )
