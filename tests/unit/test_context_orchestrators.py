"""Each orchestrator is recognised from what it leaves in a process.

The stand-ins for Airflow, Dagster and Prefect have the attributes and values that were printed from real runs of
Airflow 3.3.2 and 2.10.5, Dagster 1.13.29 and Prefect 3.8.8. The variables of CI systems and clouds are those of
their documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace as Stand
from typing import Any, NoReturn

import pytest

from made import run
from tocsin.capture import context
from tocsin.capture.orchestrators import kubernetes
from tocsin.core.alert import advance
from tocsin.core.compose import Surroundings, compose
from tocsin.core.message import Facts, Message
from tocsin.core.notify import Reason
from tocsin.core.rules.outcome import judge
from tocsin.core.run import Context, DeclaredSchedule

RUN = "manual__2026-11-23T05:17:10.611086+00:00"
AIRFLOW_LOG = "http://af.example:8080/base/dags/ee/runs/manual__2026/tasks/m/mapped/0?try_number=2"
FLOW_RUN = "1aa90c33-f9de-4127-b02c-acad8d35a59e"
TASK_RUN = "01a206d6-1296-75bf-85b6-48769e29472f"

#: A retry policy of Dagster beside the number of its retries.
POLICY = {"delay": 30, "backoff": None, "jitter": None}

AIRFLOW_ENV = {
    "AIRFLOW_CTX_DAG_ID": "ee",
    "AIRFLOW_CTX_TASK_ID": "sh",
    "AIRFLOW_CTX_DAG_RUN_ID": RUN,
    "AIRFLOW_CTX_TRY_NUMBER": "2",
}
GITHUB_ENV = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/elt",
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_JOB": "load",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_RUN_ATTEMPT": "3",
}
AZURE_ENV = {
    "TF_BUILD": "True",
    "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/acme/",
    "SYSTEM_TEAMPROJECT": "Data Team",
    "BUILD_BUILDID": "41",
    "SYSTEM_JOBID": "12f1170f",
    "SYSTEM_JOBNAME": "load",
    "SYSTEM_JOBATTEMPT": "1",
}
LAMBDA_ENV = {
    "AWS_LAMBDA_FUNCTION_NAME": "orders",
    "AWS_REGION": "eu-central-1",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/orders",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]0a1b2c",
}


def detect(environ: Mapping[str, str], modules: Mapping[str, Any] | None = None) -> Context:
    """Detect without the modules of this test run."""
    return context.detect(environ, modules or {})


def first_url(found: Context) -> str | None:
    """Return the address of the best link."""
    return found.links[0].url if found.links else None


def airflow_task(**changed: Any) -> Stand:
    """Make the module of `get_current_context` inside a task."""
    facts = {"dag_id": "ee", "task_id": "m", "run_id": RUN, "map_index": 0, "try_number": 2, "max_tries": 2}
    task = Stand(**facts | {"log_url": AIRFLOW_LOG} | changed)
    return Stand(get_current_context=lambda: {"ti": task})


AIRFLOW_2_TIMETABLE = Stand(_expression="0 6 * * *", _timezone=Stand(name="Europe/Berlin"))
AIRFLOW_3_TIMETABLE = Stand(expression="0 6 * * *", timezone=Stand(name="Europe/Berlin"))


@pytest.mark.parametrize(
    ("timetable", "text", "timezone"),
    [
        (AIRFLOW_3_TIMETABLE, "0 6 * * *", "Europe/Berlin"),
        (AIRFLOW_2_TIMETABLE, "0 6 * * *", "Europe/Berlin"),
        (Stand(delta=timedelta(hours=2)), "every 7200s", "UTC"),
        (Stand(_delta=timedelta(hours=2)), "every 7200s", "UTC"),
        # Assets, no schedule, "@once": known, and no times.
        (Stand(), "", "UTC"),
    ],
)
def test_an_airflow_dag_gives_its_schedule(timetable: Stand, text: str, timezone: str) -> None:
    """The timetable of the DAG tells when it is due, on whose clock, and where that stands."""
    dag = Stand(dag_id="ee", timetable=timetable, timezone=Stand(name="UTC"))
    task = airflow_task().get_current_context()["ti"]
    seen = {"ti": task, "dag": dag, "dag_run": Stand(run_type=Stand(value="scheduled"))}
    found = detect({}, {"airflow.operators.python": Stand(get_current_context=lambda: seen)})

    assert found.schedule == DeclaredSchedule(text=text, timezone=timezone, source="Airflow DAG ee")
    assert found.names["run_type"] == "scheduled"


@pytest.mark.parametrize(("grows", "delay"), [(False, timedelta(minutes=5)), (True, None)])
def test_an_airflow_task_tells_when_it_is_tried_again(*, grows: bool, delay: timedelta | None) -> None:
    """The pause before the next try is known, unless it grows from try to try."""
    operator = Stand(retry_delay=timedelta(minutes=5), retry_exponential_backoff=grows)
    found = detect({}, {"airflow.operators.python": airflow_task(task=operator)})

    assert found.retry_delay == delay


def test_a_message_tells_the_try_of_an_airflow_task_and_when_the_next_one_comes() -> None:
    """Whoever reads it knows whether to wait or to get up."""
    operator = Stand(retry_delay=timedelta(minutes=5), retry_exponential_backoff=False)
    found = detect({}, {"airflow.operators.python": airflow_task(task=operator)})

    message = _message(found)

    assert message.title == "orders failed (attempt 2 of 3)"
    assert "attempt 3 of 3 is expected at 23 Nov 2026 12:06:00 UTC" in _facts(message)


def test_a_message_tells_the_last_try_of_an_airflow_task() -> None:
    """Nothing more comes by itself."""
    message = _message(detect({}, {"airflow.operators.python": airflow_task(try_number=3)}))

    assert message.title == "orders failed (attempt 3 of 3)"
    assert "no retry is left" in _facts(message)


def test_a_message_tells_the_try_where_nobody_knows_how_many_there_are() -> None:
    """What a BashOperator hands to its process names the try only."""
    assert _message(detect(AIRFLOW_ENV | {"AIRFLOW_CTX_TRY_NUMBER": "1"})).title == "orders failed"
    assert _message(detect(AIRFLOW_ENV)).title == "orders failed (attempt 2)"


def _message(found: Context) -> Message:
    """Return what is told of a run that failed there, one minute after noon."""
    failed = run(context=found, attempt=found.attempt, max_attempts=found.max_attempts)
    problem = judge(failed, None, None)
    assert problem is not None
    opened, _ = advance(None, problem, new_id="alert1")
    assert opened is not None
    return compose(opened, Reason.NEW, Surroundings(run=failed))


def _facts(message: Message) -> list[str]:
    return [fact.value for block in message.blocks if isinstance(block, Facts) for fact in block.items]


def outside_of_a_task() -> NoReturn:
    """Do what Airflow's `get_current_context` does while a DAG file is parsed."""
    raise RuntimeError("Current context was requested but no context was found!")


@pytest.mark.parametrize(
    "module",
    [
        "airflow.sdk.definitions.context",  # Airflow 3
        "airflow.operators.python",  # Airflow 2
        "airflow.providers.standard.operators.python",  # Airflow 2 with the standard provider
    ],
)
def test_an_airflow_task_gives_its_log_and_its_tries(module: str) -> None:
    """The current task instance gives the log's address, the attempt and, with max_tries, how many there can be."""
    found = detect({}, {module: airflow_task()})
    assert found.orchestrator == "airflow"
    assert found.names == {"dag_id": "ee", "task_id": "m", "run_id": RUN, "map_index": "0"}
    assert first_url(found) == AIRFLOW_LOG
    assert found.logical_id == f"ee/m/{RUN}/0"
    assert (found.attempt, found.max_attempts) == (2, 3)


def test_an_airflow_task_that_is_not_mapped_has_no_index() -> None:
    """Airflow's -1 for "not mapped" is left out of the logical id."""
    found = detect({}, {"airflow.operators.python": airflow_task(map_index=-1)})
    assert found.logical_id == f"ee/m/{RUN}"


def test_airflow_that_is_loaded_outside_of_a_task_is_no_orchestrator() -> None:
    """While a DAG file is parsed Airflow raises, and the process counts as a plain one."""
    modules = {"airflow.sdk.definitions.context": Stand(get_current_context=outside_of_a_task)}
    assert detect({}, modules).orchestrator is None


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (  # Airflow 3
            {"AIRFLOW__API__BASE_URL": "http://af.example/base/"},
            "http://af.example/base/dags/ee/runs/manual__2026-11-23T05%3A17%3A10.611086%2B00%3A00/tasks/sh?try_number=2",
        ),
        (  # Airflow 2
            {"AIRFLOW__WEBSERVER__BASE_URL": "http://af.example"},
            "http://af.example/dags/ee/grid?dag_run_id=manual__2026-11-23T05%3A17%3A10.611086%2B00%3A00&task_id=sh&tab=logs",
        ),
        ({}, None),  # the address is set in airflow.cfg only
    ],
)
def test_a_process_of_a_bash_operator_reads_its_environment(address: dict[str, str], url: str | None) -> None:
    """In a process that Airflow started the AIRFLOW_CTX variables tell the task; the page is built from them."""
    found = detect(AIRFLOW_ENV | address)
    assert (found.orchestrator, first_url(found)) == ("airflow", url)
    assert found.logical_id == f"ee/sh/{RUN}"
    assert (found.attempt, found.max_attempts) == (2, None)


def dagster_module(*, retry_number: int = 0, max_retries: int | None = None, run: Stand | None = None) -> Stand:
    """Make Dagster's private module with a context inside an op; outside of one without `run`."""
    variable: ContextVar[Stand | None] = ContextVar("current_execution_context", default=None)
    if run is not None:
        policy = None if max_retries is None else Stand(max_retries=max_retries, **POLICY)
        steps = {"load_orders": (), "sum_up": ("load_orders",), "mail": ("sum_up",), "clean_up": ()}
        plan = [
            Stand(key=key, node_handle=key, get_execution_dependency_keys=lambda ups=ups: set(ups))
            for key, ups in steps.items()
        ]
        step = Stand(
            dagster_run=run,
            op_retry_policy=policy,
            previous_attempt_count=retry_number,
            step=plan[0],
            node_handle="load_orders",
            job_def=Stand(name="nightly", asset_layer=Stand(get_assets_def_for_node=lambda _: None)),
            execution_plan=Stand(step_dict={each.key: each for each in plan}),
        )
        variable.set(Stand(op_execution_context=Stand(get_step_execution_context=lambda: step)))
    return Stand(current_execution_context=variable)


def dagster_run(run_id: str = "b2", root_run_id: str | None = None, **tags: str) -> Stand:
    """Make a Dagster run."""
    return Stand(
        run_id=run_id,
        root_run_id=root_run_id,
        job_name="nightly",
        tags={f"dagster/{name}": value for name, value in tags.items()},
    )


def test_a_dagster_op_gives_its_run_and_its_retry() -> None:
    """The run's page is built on TOCSIN__DAGSTER_URL, as Dagster does not know its own address."""
    modules = {
        "dagster._core.execution.context.compute": dagster_module(retry_number=1, max_retries=2, run=dagster_run())
    }
    found = detect({"TOCSIN__DAGSTER_URL": "https://acme.dagster.cloud/prod/"}, modules)
    assert found.orchestrator == "dagster"
    assert first_url(found) == "https://acme.dagster.cloud/prod/runs/b2"
    assert found.names == {"job": "nightly", "step": "load_orders", "run_id": "b2"}
    assert found.task == "step load_orders of Dagster job nightly"
    assert found.blocks == ("nightly.sum_up", "nightly.mail")
    assert (found.logical_id, found.attempt, found.max_attempts) == ("b2/load_orders", 2, 3)
    assert found.retry_delay == timedelta(seconds=30)


def test_a_dagster_backfill_is_told_as_one() -> None:
    """A run with Dagster's tag of a backfill counts for no slot."""
    run = dagster_run(backfill="qbfjvkzu")
    found = detect({}, {"dagster._core.execution.context.compute": dagster_module(run=run)})
    assert (found.names["run_type"], found.retry_delay) == ("backfill", None)


def test_a_dagster_run_that_is_retried_as_a_whole_belongs_to_its_first_run() -> None:
    """A new run for a failed one keeps the logical id, and its tries count on from those of the runs before."""
    run = dagster_run("b2", root_run_id="a1", retry_number="1")
    modules = {"dagster._core.execution.context.compute": dagster_module(max_retries=2, run=run)}
    found = detect({}, modules)
    assert (found.logical_id, found.attempt, found.max_attempts) == ("a1/load_orders", 4, None)
    assert found.links == ()


def test_a_dagster_run_that_says_how_often_it_is_retried_is_believed() -> None:
    """With the tag of a job its retries multiply with those of the op; without it only Dagster's server knows."""
    run = dagster_run("b2", root_run_id="a1", retry_number="1", max_retries="2")
    found = detect({}, {"dagster._core.execution.context.compute": dagster_module(max_retries=1, run=run)})
    assert (found.attempt, found.max_attempts) == (3, 6)


def test_dagster_outside_of_a_step_is_no_orchestrator() -> None:
    """A script that imports Dagster and runs a pipeline by itself counts as a plain process."""
    assert detect({}, {"dagster._core.execution.context.compute": dagster_module()}).orchestrator is None


class PrefectRuntime:
    """Stands in for `prefect.runtime`, which outside of a flow asks the server: each look at it is kept."""

    def __init__(self, ui: str | None) -> None:
        """Build addresses as Prefect does: a flow run's begins with "None" where none is configured."""
        self.looks = 0
        self._flow = Stand(ui_url=f"{ui}/flow-runs/flow-run/{FLOW_RUN}")
        self._task = Stand(ui_url=ui and f"{ui}/runs/task-run/{TASK_RUN}")

    @property
    def flow_run(self) -> Stand:
        """The module `prefect.runtime.flow_run`."""
        self.looks += 1
        return self._flow

    @property
    def task_run(self) -> Stand:
        """The module `prefect.runtime.task_run`."""
        self.looks += 1
        return self._task


def prefect_modules(*, flow_runs: int = 0, task_runs: int = 0, ui: str | None = None) -> dict[str, Any]:
    """Make Prefect's modules inside a flow (with its count of runs) and inside a task, or outside with 0."""
    flow = Stand(
        flow=Stand(name="nightly", retries=1),
        flow_run=Stand(id=FLOW_RUN, name="fancy-newt", run_count=flow_runs),
    )
    task = Stand(
        task=Stand(name="load", retries=2),
        task_run=Stand(id=TASK_RUN, name="load-12d", run_count=task_runs),
    )
    return {
        "prefect.context": Stand(
            FlowRunContext=Stand(get=lambda: flow if flow_runs else None),
            TaskRunContext=Stand(get=lambda: task if task_runs else None),
        ),
        "prefect.runtime": PrefectRuntime(ui),
    }


def test_a_prefect_task_gives_both_pages_and_counts_the_tries_of_its_flow_too() -> None:
    """The first try of a task with two retries, in a flow's second run, is the fourth of six."""
    found = detect({}, prefect_modules(flow_runs=2, task_runs=1, ui="https://p.example"))
    assert found.orchestrator == "prefect"
    assert [link.url for link in found.links] == [
        f"https://p.example/runs/task-run/{TASK_RUN}",
        f"https://p.example/flow-runs/flow-run/{FLOW_RUN}",
    ]
    assert found.logical_id == f"{FLOW_RUN}/load"
    assert (found.attempt, found.max_attempts) == (4, 6)


def test_a_prefect_flow_keeps_its_logical_id_when_it_is_retried() -> None:
    """Both runs of a flow have one logical id and count 1 of 2, 2 of 2."""
    found = [detect({}, prefect_modules(flow_runs=count)) for count in (1, 2)]
    assert [each.logical_id for each in found] == [FLOW_RUN, FLOW_RUN]
    assert [(each.attempt, each.max_attempts) for each in found] == [(1, 2), (2, 2)]


def test_prefect_without_an_address_gives_no_link() -> None:
    """Prefect's "None/flow-runs/…" of an unconfigured server is no link."""
    assert detect({}, prefect_modules(flow_runs=1, task_runs=1)).links == ()


def test_a_prefect_task_without_a_flow_is_known_by_its_own_id() -> None:
    """A task that was called by itself keeps the id of its task run over its tries."""
    found = detect({}, prefect_modules(task_runs=2, ui="https://p.example"))
    assert (found.logical_id, found.attempt, found.max_attempts) == (TASK_RUN, 2, 3)
    assert first_url(found) == f"https://p.example/runs/task-run/{TASK_RUN}"


@pytest.mark.parametrize("environ", [{}, {"PREFECT__FLOW_RUN_ID": FLOW_RUN, "PREFECT_UI_URL": "https://p.example"}])
def test_outside_of_a_flow_prefect_is_not_made_to_ask_its_server(environ: dict[str, str]) -> None:
    """A process that a flow started reads the id from its environment; `prefect.runtime` is not touched."""
    modules = prefect_modules(ui="https://p.example")
    found = detect(environ, modules)
    assert modules["prefect.runtime"].looks == 0
    assert found.logical_id == (FLOW_RUN if environ else None)
    assert first_url(found) == (f"https://p.example/runs/flow-run/{FLOW_RUN}" if environ else None)


@pytest.mark.parametrize(
    ("environ", "orchestrator", "url", "logical_id", "attempt"),
    [
        (
            GITHUB_ENV,
            "github-actions",
            "https://github.com/acme/elt/actions/runs/1658821493/attempts/3",
            "acme/elt/1658821493/load",
            3,
        ),
        (
            {
                "GITLAB_CI": "true",
                "CI_JOB_URL": "https://gitlab.example/acme/elt/-/jobs/7",
                "CI_PIPELINE_ID": "1000",
                "CI_JOB_NAME": "load",
            },
            "gitlab",
            "https://gitlab.example/acme/elt/-/jobs/7",
            "1000/load",
            1,
        ),
        (
            {
                "JENKINS_URL": "https://ci.example/",
                "BUILD_URL": "https://ci.example/job/elt/12/",
                "JOB_NAME": "elt",
                "BUILD_NUMBER": "12",
            },
            "jenkins",
            "https://ci.example/job/elt/12/console",
            "elt/12",
            1,
        ),
        (
            {
                "CIRCLECI": "true",
                "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/elt/9",
                "CIRCLE_WORKFLOW_ID": "w1",
                "CIRCLE_JOB": "load",
            },
            "circleci",
            "https://circleci.com/gh/acme/elt/9",
            "w1/load",
            1,
        ),
        (  # the first try has the retry count 0
            {
                "BUILDKITE": "true",
                "BUILDKITE_BUILD_URL": "https://buildkite.com/acme/elt/builds/4",
                "BUILDKITE_JOB_ID": "j9",
                "BUILDKITE_BUILD_ID": "b1",
                "BUILDKITE_STEP_ID": "s1",
                "BUILDKITE_RETRY_COUNT": "1",
            },
            "buildkite",
            "https://buildkite.com/acme/elt/builds/4#j9",
            "b1/s1",
            2,
        ),
        (  # a project's name may have spaces
            AZURE_ENV,
            "azure-pipelines",
            "https://dev.azure.com/acme/Data%20Team/_build/results?buildId=41&view=logs&j=12f1170f",
            "41/load",
            1,
        ),
        (  # the request id, which a retry keeps, is not in the environment
            LAMBDA_ENV,
            "aws-lambda",
            (
                "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups/log-group/"
                "$252Faws$252Flambda$252Forders/log-events/2026$252F11$252F23$252F$255B$2524LATEST$255D0a1b2c"
            ),
            None,
            1,
        ),
        (  # China has a console of its own
            LAMBDA_ENV | {"AWS_REGION": "cn-north-1", "AWS_LAMBDA_LOG_STREAM_NAME": "s"},
            "aws-lambda",
            (
                "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#logsV2:log-groups/log-group/"
                "$252Faws$252Flambda$252Forders/log-events/s"
            ),
            None,
            1,
        ),
        (
            {
                "CLOUD_RUN_JOB": "orders",
                "CLOUD_RUN_EXECUTION": "orders-mdw84",
                "CLOUD_RUN_TASK_INDEX": "0",
                "CLOUD_RUN_TASK_ATTEMPT": "2",
                "GOOGLE_CLOUD_PROJECT": "acme",
            },
            "cloud-run",
            (
                "https://console.cloud.google.com/logs/query;query=resource.type%3D%22cloud_run_job%22%0A"
                "resource.labels.job_name%3D%22orders%22%0A"
                "labels.%22run.googleapis.com%2Fexecution_name%22%3D%22orders-mdw84%22?project=acme"
            ),
            "orders-mdw84/0",
            3,
        ),
        ({"MODAL_IS_REMOTE": "1", "MODAL_TASK_ID": "ta-1"}, "modal", None, None, 1),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" not in value else "",
)
def test_the_environment_names_the_job_and_its_log(
    environ: dict[str, str], orchestrator: str, url: str | None, logical_id: str | None, attempt: int
) -> None:
    """Documented variables give the page of the log, what is the same over retries, and the attempt from 1."""
    found = detect(environ)
    assert (found.orchestrator, first_url(found)) == (orchestrator, url)
    assert (found.logical_id, found.attempt) == (logical_id, attempt)


def test_a_missing_variable_costs_the_link_and_not_the_rest() -> None:
    """A Jenkins without a configured address sets no BUILD_URL; the job is still named."""
    found = detect({"JENKINS_URL": "https://ci.example/", "JOB_NAME": "elt", "BUILD_NUMBER": "12"})
    assert (found.links, found.logical_id) == ((), "elt/12")


@pytest.mark.parametrize(
    ("pod", "logical_id"),
    [
        ("orders-29391020-x7k2p", "etl/orders-29391020"),  # a CronJob's pod: its Job is named by the scheduled minute
        ("orders-29391020-3-x7k2p", "etl/orders-29391020-3"),  # the fourth pod of an indexed Job
        ("orders-7d9c5b6f4-x7k2p", None),  # a Deployment's pod tells nothing about a run
    ],
)
def test_a_pod_is_named_and_a_cron_jobs_tries_belong_together(pod: str, logical_id: str | None) -> None:
    """The pods of one CronJob's minute have one logical id; a cluster has no page for a log, so no link."""
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": pod, "POD_NAMESPACE": "etl"}
    found = detect(environ)
    assert (found.orchestrator, found.links) == ("kubernetes", ())
    assert found.names == {"pod": pod, "namespace": "etl"}
    assert found.logical_id == logical_id


def test_the_namespace_is_read_from_the_pods_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the downward API the namespace is in the file that Kubernetes mounts."""
    mounted = tmp_path / "namespace"
    mounted.write_text("etl\n")
    monkeypatch.setattr(kubernetes, "NAMESPACE_FILE", mounted)
    found = detect({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBE_POD_NAME": "orders-0"})
    assert found.names == {"pod": "orders-0", "namespace": "etl"}


def test_the_innermost_orchestrator_names_the_run_and_the_outer_ones_add_to_it() -> None:
    """A Prefect flow in a CI job is Prefect's run; CI's link and names stay at hand behind it."""
    found = detect(GITHUB_ENV, prefect_modules(flow_runs=1, ui="https://p.example"))
    assert (found.orchestrator, found.logical_id, found.attempt) == ("prefect", FLOW_RUN, 1)
    assert [link.label for link in found.links] == ["Prefect flow run", "GitHub Actions run"]
    assert found.names["run_id"] == FLOW_RUN
    assert found.names["repository"] == "acme/elt"
