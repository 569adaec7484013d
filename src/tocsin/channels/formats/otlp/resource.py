"""What traces and metrics of OpenTelemetry have in common: who tells, and how moments are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.sdk.version import __version__ as sdk_version

import tocsin
from tocsin.core.run import Run, TableLoad

#: Who has measured.
SCOPE = InstrumentationScope("tocsin", tocsin.__version__)
#: Version of the semantic conventions whose names are used (https://opentelemetry.io/docs/specs/semconv).
SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
#: How OpenTelemetry calls what dlt calls otherwise; other destinations keep dlt's name.
_SYSTEMS = {
    "bigquery": "gcp.bigquery",
    "mssql": "microsoft.sql_server",
    "postgres": "postgresql",
    "redshift": "aws.redshift",
}
#: Tables of a run that are told; more of them than anybody reads.
_MOST = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def resource_of(run: Run) -> Resource:
    """Return what tells of a run: each pipeline is a service, in its environment."""
    return resource(
        readable(run.pipeline),
        readable(run.environment),
        **({"host.name": readable(run.context.host)} if run.context.host else {}),
    )


def resource(service: str, environment: str = "", **more: str) -> Resource:
    """Return a service with its attributes."""
    made = {
        "service.name": service,
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": sdk_version,
        **({"deployment.environment.name": environment} if environment else {}),
        **more,
    }
    return Resource(made, SCHEMA)


def database(run: Run) -> dict[str, str]:
    """Return where a run loads to."""
    system = _SYSTEMS.get(run.destination or "", run.destination)
    made = {"db.system.name": system, "db.namespace": run.dataset}
    return {name: readable(value) for name, value in made.items() if value}


def own_tables(run: Run) -> list[TableLoad]:
    """Return what a run sent to the user's tables, as far as it is told."""
    return [load for load in run.tables if load.rows and not load.table.startswith("_dlt")][:_MOST]


def nanoseconds(at: datetime) -> int:
    """Return a moment as nanoseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND * 1000


def readable(text: str) -> str:
    """Return a text as UTF-8 can write it: names of files may hold what it cannot."""
    return text.encode(errors="replace").decode()
