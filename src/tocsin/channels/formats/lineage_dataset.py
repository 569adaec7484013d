"""What a table is called by all who speak OpenLineage, so that they see that it is the same.

Source: Dataset Naming, https://openlineage.io/docs/spec/naming. DuckDB, which is not in it, is called as OpenLineage's
integration of dbt does.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from tocsin.core.run import Run

#: How dlt's addresses begin where the name is another one.
_SCHEMES = {"postgresql": "postgres", "mssql": "sqlserver", "synapse": "sqlserver"}
_PORTS = {"postgres": 5432, "redshift": 5439, "mysql": 3306, "sqlserver": 1433}
#: Those that call a database what others call a schema.
_TWO_PARTS = {"mysql", "mariadb", "clickhouse"}
#: Those that are named alike everywhere, with the project before the rest.
_WORLDWIDE = {"bigquery"}


def dataset_of(run: Run, table: str) -> tuple[str, str]:
    """Return namespace and name of a table that a run has written.

    Where dlt does not show the address of the destination, its name stands for it.
    """
    parts = urlsplit(run.location or "")
    name = ".".join(filter(None, (run.dataset, table)))
    if not parts.scheme:
        return run.destination or "unknown", name
    scheme, database = _SCHEMES.get(parts.scheme, parts.scheme), parts.path.strip("/")
    if scheme in _WORLDWIDE:
        return scheme, f"{parts.netloc}.{name}"
    if scheme == "file":
        return scheme, "/".join((parts.path.rstrip("/"), *filter(None, (run.dataset, table))))
    if scheme == "duckdb" or not parts.netloc:
        # A file: dlt writes four slashes before a path that begins with one.
        return f"{scheme}://{parts.path.removeprefix('/') or parts.netloc}", name
    if scheme in {"s3", "gs", "az", "abfss"}:
        return f"{scheme}://{parts.netloc}", "/".join(filter(None, (database, run.dataset, table)))
    host = parts.netloc if ":" in parts.netloc or scheme not in _PORTS else f"{parts.netloc}:{_PORTS[scheme]}"
    whole = name if scheme in _TWO_PARTS or not database else f"{database}.{name}"
    return f"{scheme}://{host}", whole
