"""Dagster: the op or asset that runs in this thread."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tocsin.capture.links import web_link
from tocsin.core.run import Context


def detect(environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context | None:
    """Read Dagster's execution context.

    The context variable is in a private module: `dagster.AssetExecutionContext.get()` would raise outside of a step,
    and `run_id` and `op` of an asset's context warn that they are deprecated. Dagster does not know its own address:
    `TOCSIN__DAGSTER_URL` is the address of its web server, in Dagster+ with the deployment
    (`https://acme.dagster.cloud/prod`).
    """
    private = modules.get("dagster._core.execution.context.compute")
    context = private.current_execution_context.get() if private else None
    if context is None:
        return None
    run, op = context.run, context.op_execution_context
    step = str(op.op_handle)
    policy = context.job_def.get_retry_policy_for_handle(op.op_handle)
    tries_per_run = policy.max_retries + 1 if policy else 1
    # A run that Dagster started anew for a failed one carries the first one's id and the number of the retry.
    logical_run = run.root_run_id or run.run_id
    run_retries = int(run.tags.get("dagster/retry_number", 0))
    base = environ.get("TOCSIN__DAGSTER_URL", "").rstrip("/")
    return Context(
        orchestrator="dagster",
        links=web_link("Dagster run", base and f"{base}/runs/{run.run_id}"),
        names={"job": run.job_name, "step": step, "run_id": run.run_id} | _run_type(run.tags),
        logical_id=f"{logical_run}/{step}",
        attempt=run_retries * tries_per_run + op.retry_number + 1,
        # How often Dagster starts a failed run anew is set on its server and not known here.
        max_attempts=tries_per_run if policy and not run_retries else None,
        # With a backoff or a jitter it is another one each time.
        retry_delay=timedelta(seconds=policy.delay)
        if policy and policy.delay is not None and policy.backoff is None and policy.jitter is None
        else None,
    )


def _run_type(tags: Mapping[str, str]) -> dict[str, str]:
    return {"run_type": "backfill"} if "dagster/backfill" in tags else {}
