"""What started this process: one file an orchestrator, each a function of the environment and the loaded modules.

A detector returns a Context with what it knows (orchestrator, links, names, logical_id, attempt, max_attempts,
retry_delay, schedule), or
None where its orchestrator is absent. It may raise: `tocsin.capture.context.detect` goes on with the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.capture.orchestrators import (
    airflow,
    ci,
    cloud,
    dagster,
    dlt_job,
    kubernetes,
    openlineage,
    prefect,
    trace_context,
)
from tocsin.core.run import Context

Detector = Callable[[Mapping[str, str], Mapping[str, Any]], Context | None]

#: Innermost first: an Airflow task in a pod is Airflow's, a Prefect flow in a CI job is Prefect's.
DETECTORS: tuple[Detector, ...] = (
    airflow.detect,
    dagster.detect,
    prefect.detect,
    ci.detect,
    cloud.detect_lambda,
    cloud.detect_cloud_run_job,
    cloud.detect_modal,
    kubernetes.detect,
    # It starts nothing, it only knows what was started: attempts and links are those of whoever did.
    dlt_job.detect,
    openlineage.detect,
    trace_context.detect,
)
