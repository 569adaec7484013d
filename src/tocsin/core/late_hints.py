"""What to do about a pipeline that has not started, or takes too long."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.core.run import Context, Run, Stage
from tocsin.core.unusual import Unusual

#: Where to look for a start that did not come, by what started the last run. Names are those of `Context.names`.
_STARTERS: dict[str, Callable[[Context], str]] = {
    "airflow": lambda context: (
        "In Airflow, see whether the DAG is paused, has an import error or waits for a free slot: "
        f"airflow dags details {context.names.get('dag_id', 'DAG')}"
    ),
    "dagster": lambda context: (
        f"In Dagster, see whether the schedule of {context.names.get('job', 'the job')} is on and its daemon lives: "
        "dagster schedule list"
    ),
    "prefect": lambda _: (
        "In Prefect, see whether the deployment's schedule is active and a worker polls its work pool: "
        "prefect flow-run ls --state Late"
    ),
    "kubernetes": lambda context: (
        "In Kubernetes, see whether the CronJob is suspended or its pod cannot be scheduled: kubectl get cronjobs,pods"
        + (f" -n {context.names['namespace']}" if "namespace" in context.names else "")
    ),
    "github-actions": lambda _: (
        "On GitHub, see whether the workflow is disabled, which happens to public repositories after 60 quiet days: "
        "gh workflow list --all"
    ),
}

_SLOW = {
    Stage.EXTRACT: "The source is slower than usual: look at its status and its rate limits.",
    Stage.NORMALIZE: "The machine is short of processor or disk: look at what else runs there.",
    Stage.LOAD: "The destination is slower than usual: look at its running queries, its locks and its size.",
}


def hint_to_start(pipeline: str, last_context: Context | None, *, learned: bool) -> str:
    """Return where to look for a start that did not come.

    Args:
        pipeline: Its name.
        last_context: Where its newest run ran, which tells what usually starts it.
        learned: Whether the schedule was learned, and so may be wrong.
    """
    context = last_context or Context()
    starter = _STARTERS.get(context.orchestrator or "", _starter_unknown)
    wrong = (
        f"If it has no such schedule, write the right one as schedule in [tocsin.pipelines.{pipeline}]."
        if learned
        else f"If it is not to run at this time, change schedule in [tocsin.pipelines.{pipeline}]."
    )
    return f"{starter(context)}. {wrong}"


def hint_to_wait(run: Run, unusual: Unusual, *, began_late: bool) -> str:
    """Return what to do about a run that goes on for too long."""
    longer = f"raise finish_within in [tocsin.pipelines.{run.pipeline}]"
    if unusual.extra_data:
        return f"Let it run: it has more to do. If there will be as much from now on, {longer}."
    if unusual.slow in _SLOW:
        return f"{_SLOW[unusual.slow]} If it takes this long from now on, {longer}."
    if began_late:
        return "Let it run, and look at why it was started late: a queue, a busy worker, an upstream."
    return f"See where it stands: tocsin show {run.id[:8]}. If it takes this long from now on, {longer}."


def _starter_unknown(context: Context) -> str:
    what = f" ({context.command})" if context.command else ""
    where = f" on {context.host}" if context.host else ""
    return (
        f"See whether what starts it{what} still does{where}: crontab -l, systemctl list-timers, or your orchestrator"
    )
