"""Where the tables of a pipeline are, and which SQL is spoken there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

#: What SQLAlchemy and older versions of dlt call a dialect, and what sqlglot does.
_DIALECTS = {
    "mssql": "tsql",
    "synapse": "tsql",
    "postgresql": "postgres",
    "mariadb": "mysql",
    "filesystem": "duckdb",
    "motherduck": "duckdb",
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A dataset in a destination."""

    #: sqlglot's name of the dialect.
    dialect: str
    #: Return catalog, dataset and table as the destination spells them, without quotes; there may be no catalog.
    path: Callable[[str], Sequence[str]]
    #: Spell the name of a column as the destination does.
    fold: Callable[[str], str] = str


def place_of(client: Any, destination: str) -> Place:  # noqa: ANN401  # dlt's SqlClientBase
    """Return the place that a client of dlt queries.

    Args:
        client: dlt's `sql_client`; it need not be open.
        destination: The type of the destination, for versions of dlt that do not tell the dialect: "postgres".
    """
    capabilities = client.capabilities
    name = getattr(client, "dialect_name", None) or getattr(capabilities, "sqlglot_dialect", None) or destination
    return Place(
        dialect=_DIALECTS.get(name, name),
        path=lambda table: client.make_qualified_table_name_path(table, False),  # noqa: FBT003  # renamed over time
        fold=getattr(capabilities, "casefold_identifier", str),
    )
