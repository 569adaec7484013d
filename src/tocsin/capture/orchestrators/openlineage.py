"""OpenLineage: the run that this process is a part of, as its clients read it too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.run import Context

#: The variable holds "namespace/job/run id"; a scheduler sets it for dbt and Spark in the same way.
_VARIABLE = "OPENLINEAGE_PARENT_ID"


def detect(environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context | None:  # noqa: ARG001  # as all of them
    """Keep the name of the outer run for those who are told of runs by OpenLineage."""
    parent = environ.get(_VARIABLE, "")
    return Context(names={"openlineage_parent": parent}) if parent.count("/") == 2 else None  # noqa: PLR2004
