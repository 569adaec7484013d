"""What needs a library of its own is collected where that is installed: see `make test-integrations`."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [library for library in ("airflow", "dagster", "fastmcp", "prefect") if find_spec(library) is None]
