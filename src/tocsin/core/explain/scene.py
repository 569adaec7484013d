"""Everything that was found out about a failure, before words are made of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tocsin.core.explain.chain import Chain
from tocsin.core.explain.diagnosis import Diagnosis
from tocsin.core.explain.foreign import read, read_text, text
from tocsin.core.explain.http import Answer
from tocsin.core.explain.missing_config import MissingField


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What a hint may need and no exception tells."""

    pipeline: str
    #: Load ids that wait on the pipeline's disk after the failure.
    pending_packages: tuple[str, ...] = ()
    #: As dlt shows it, for example "duckdb" or "postgres".
    destination: str | None = None
    #: dlt's command to give up pending packages. Before `Pipeline.abort_packages` existed it was
    #: "drop-pending-packages", which newer versions still have but call deprecated.
    give_up: str = "abort-packages"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The facts of one failure. Texts have been redacted."""

    diagnosis: Diagnosis
    chain: Chain
    facts: RunFacts
    clean: Callable[[str], str]
    step: str | None
    resource: str | None
    table: str | None
    column: str | None
    job: str | None
    load_id: str | None
    answer: Answer | None
    url: str | None
    #: "host:port" of whom the program talked to.
    peer: str | None
    location: str | None
    missing: tuple[MissingField, ...]

    @property
    def at_destination(self) -> bool:
        """Whether the failure lies on the side of the destination."""
        return self.step in {"sync", "load"}

    def told(self, *path: str) -> str | None:
        """Return a text or number attribute of the root exception, redacted."""
        value = read(self.chain.root, *path)
        return self.clean(str(value)) if isinstance(value, str | int) else None


#: dlt's words for both where the exception does not keep them: CannotCoerceNullException, and errors of workers.
_TABLE_AND_COLUMN = re.compile(r"in table:? `([^`]+)`(?: column:? `([^`]+)`)?", re.IGNORECASE)


def first_told(chain: Chain, *paths: tuple[str, ...]) -> str | None:
    """Return the first text that one of the attributes holds, from the root outwards."""
    for error in chain.outwards:
        for path in paths:
            if found := read_text(error, *path):
                return found
    return None


def table_and_column(chain: Chain) -> tuple[str | None, str | None]:
    """Return the table and column that the exceptions name; a load job's file is named after its table."""
    table = first_told(chain, ("table_name",), ("diag", "table_name"))
    column = first_told(chain, ("column_name",), ("column",), ("diag", "column_name"))
    columns = read(chain.root, "columns")
    if column is None and isinstance(columns, list) and columns:
        # UnboundColumnException has the columns' schemas, DestinationSchemaWillNotUpdate their names.
        column = read_text(columns[0], "name") if isinstance(columns[0], dict) else text(columns[0])
    if table is None and (found := _TABLE_AND_COLUMN.search(text(chain.root))):
        table, column = found.groups()
    if table is None and (job := first_told(chain, ("job_id",))):
        table = job.partition(".")[0]
    return table, column
