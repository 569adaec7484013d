"""How a run of a DAG ended."""

from __future__ import annotations

from typing import Any

from tocsin.capture.quiet import quiet


@quiet
def tell_dag(context: Any) -> None:  # noqa: ANN401  # Airflow's mapping, which differs by version
    """Report the run of a DAG."""
