"""Dagster: the op or asset that runs in this thread."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from tocsin.capture.links import web_link
from tocsin.core.run import Context, Link
from tocsin.core.words import listing

#: The job in which Dagster makes assets that were selected by hand.
_UNNAMED_JOB = "__ASSET_JOB"


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
    step = context.op_execution_context.get_step_execution_context()
    return describe(step, environ.get("TOCSIN__DAGSTER_URL", ""))


def describe(step: Any, base: str) -> Context:  # noqa: ANN401  # a StepExecutionContext
    """Describe an attempt of a step; `base` is the address of Dagster's pages, or empty."""
    run, policy = step.dagster_run, step.op_retry_policy
    tries_per_run = policy.max_retries + 1 if policy else 1
    run_retries = int(run.tags.get("dagster/retry_number", 0))
    return Context(
        orchestrator="dagster",
        links=run_link(base, run.run_id),
        names=names_of(run, step.job_def, step.node_handle, step.step.key),
        task=task_of(run, step.job_def, step.node_handle, step.step.key),
        logical_id=f"{logical_run(run)}/{step.step.key}",
        attempt=run_retries * tries_per_run + step.previous_attempt_count + 1,
        max_attempts=_max_attempts(run.tags, tries_per_run, policy is not None),
        # With a backoff or a jitter it is another one each time.
        retry_delay=timedelta(seconds=policy.delay)
        if policy and policy.delay is not None and policy.backoff is None and policy.jitter is None
        else None,
        blocks=_blocked_by(step),
    )


def run_link(base: str, run_id: str) -> tuple[Link, ...]:
    """Return the link to a run on the pages of Dagster, whose address is `base`; none where that is empty."""
    return web_link("Dagster run", base and f"{base.rstrip('/')}/runs/{run_id}")


def logical_run(run: Any) -> str:  # noqa: ANN401  # a DagsterRun
    """Return the id that a run shares with those that Dagster started anew for it when it had failed."""
    return str(run.root_run_id or run.run_id)


def names_of(run: Any, job: Any, handle: Any, step_key: str) -> dict[str, str]:  # noqa: ANN401  # see job_name
    """Return Dagster's own names for a step."""
    names = {"job": run.job_name, "step": step_key, "run_id": run.run_id}
    if keys := _asset_keys(job, handle):
        names["asset"] = ", ".join(keys)
    return names | ({"run_type": "backfill"} if "dagster/backfill" in run.tags else {})


def task_of(run: Any, job: Any, handle: Any, step_key: str) -> str:  # noqa: ANN401  # see job_name
    """Return "asset revenue of Dagster job nightly", or what else people call it."""
    keys = _asset_keys(job, handle)
    what = f"{'assets' if keys[1:] else 'asset'} {listing(keys, most=3)}" if keys else f"step {step_key}"
    return f"{what} of Dagster" + ("" if run.job_name.startswith(_UNNAMED_JOB) else f" job {run.job_name}")


def job_name(job: Any, handle: Any) -> str:  # noqa: ANN401  # Dagster's JobDefinition and NodeHandle
    """Return what a step is called in alerts: its dlt pipeline, or else its asset, or else "job.op"."""
    if pipeline := dlt_pipeline(job, handle):
        return pipeline
    keys = _asset_keys(job, handle)
    if len(keys) == 1:
        return keys[0]
    return str(handle) if keys or job.name.startswith(_UNNAMED_JOB) else f"{job.name}.{handle}"


def dlt_pipeline(job: Any, handle: Any) -> str | None:  # noqa: ANN401  # as above
    """Return the name of the pipeline that a step with dagster-dlt's `@dlt_assets` runs; None for other steps."""
    assets = job.asset_layer.get_assets_def_for_node(handle)
    for metadata in assets.metadata_by_key.values() if assets is not None else ():
        if (pipeline := metadata.get("dagster_dlt/pipeline")) is not None:
            return str(pipeline.pipeline_name)
    return None


def waiting_for(step_key: str, upstreams: Mapping[str, Collection[str]]) -> list[str]:
    """Return the steps that do not start where one fails, nearest first.

    Args:
        step_key: The one that fails.
        upstreams: The direct upstreams of each step.
    """
    found: dict[str, None] = {}
    near = {step_key}
    while near:
        near = {key for key, ups in upstreams.items() if near.intersection(ups)} - found.keys()
        found |= dict.fromkeys(sorted(near))
    return list(found)


def _blocked_by(step: Any) -> tuple[str, ...]:  # noqa: ANN401  # a StepExecutionContext
    with suppress(Exception):
        steps = {each.key: each for each in step.execution_plan.step_dict.values()}
        upstreams = {key: upstreams_of(each) for key, each in steps.items()}
        waiting = waiting_for(step.step.key, upstreams)
        return tuple(dict.fromkeys(job_name(step.job_def, steps[key].node_handle) for key in waiting))
    return ()


def upstreams_of(step: Any) -> Collection[str]:  # noqa: ANN401  # a step of a plan
    """Return the keys of the steps after which a step comes."""
    # A step that is mapped over what another one will return is not resolved, and has another method.
    resolved = getattr(step, "get_execution_dependency_keys", None)
    return frozenset(resolved() if resolved else step.get_all_dependency_keys())


def _asset_keys(job: Any, handle: Any) -> list[str]:  # noqa: ANN401  # as above
    assets = job.asset_layer.get_assets_def_for_node(handle)
    return sorted(key.to_user_string() for key in assets.keys) if assets is not None else []


def _max_attempts(tags: Mapping[str, str], tries_per_run: int, retried: bool) -> int | None:  # noqa: FBT001
    if "dagster/max_retries" in tags:
        return (int(tags["dagster/max_retries"]) + 1) * tries_per_run
    # Otherwise how often Dagster starts a failed run anew is set on its server and not known here.
    return tries_per_run if retried and "dagster/retry_number" not in tags else None
