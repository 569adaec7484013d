"""Retries and separate steps: several runs of dlt that are one run for people."""

from __future__ import annotations

import pytest

from dlt_scripts import Ended, RunScript
from tocsin.core.run import Outcome, Run, Stage

pytestmark = pytest.mark.dlt_versions

_SCRIPT = """
    import dlt
    from tenacity import Retrying, retry, stop_after_attempt, stop_after_delay

    def pipeline(name):
        return dlt.pipeline(name, destination="duckdb", dataset_name="data")

    def flaky(name, failures):
        # Fails as often as it is told, then yields.
        def rows():
            if failures:
                raise ConnectionError(failures.pop())
            yield {"id": 1}
        return dlt.resource(rows, name="rows")

    failures = ["once", "twice"]

    @retry(stop=stop_after_attempt(4))
    def decorated():
        pipeline("decorated").run(flaky("decorated", failures))

    decorated()
    pipeline("decorated").run([{"id": 2}], table_name="rows")

    failures = ["once"]
    for attempt in Retrying(stop=stop_after_attempt(3) | stop_after_delay(60)):
        with attempt:
            pipeline("first").run([{"id": 1}], table_name="rows")
            pipeline("looped").run(flaky("looped", failures))
    pipeline("looped").run([{"id": 2}], table_name="rows")

    failures = ["always"] * 2
    try:
        for attempt in Retrying(stop=stop_after_attempt(2)):
            with attempt:
                pipeline("hopeless").run(flaky("hopeless", failures))
    except Exception as error:
        print(type(error).__name__)

    for _ in range(2):
        steps = pipeline("steps")
        steps.extract([{"id": 1}], table_name="rows")
        steps.normalize()
        steps.load()

    failures = ["once"]
    for attempt in Retrying(stop=stop_after_attempt(2)):
        with attempt:
            pipeline("both").extract(flaky("both", failures))
            dlt.pipeline().normalize()
            dlt.pipeline().load()
"""


@pytest.fixture(scope="module")
def ended(run_script: RunScript) -> Ended:
    """One program that retries in both styles of tenacity and calls the steps one by one."""
    return run_script(_SCRIPT)


def _attempts(runs: list[Run]) -> list[tuple[int, int | None, Outcome]]:
    return [(run.attempt, run.max_attempts, run.outcome) for run in runs]


def test_decorated_function(ended: Ended) -> None:
    """The attempts of a decorated function are one logical run; a later run of the pipeline is another one."""
    *tries, later = ended.ended("decorated")
    assert _attempts(tries) == [(1, 4, Outcome.FAILED), (2, 4, Outcome.FAILED), (3, 4, Outcome.SUCCEEDED)]
    assert {run.logical_id for run in tries} == {tries[0].id}
    assert (later.logical_id, later.attempt, later.max_attempts) == (later.id, 1, None)


def test_loop_of_attempts(ended: Ended) -> None:
    """In a loop of attempts each pipeline has its own logical run, also where only one of them failed."""
    *tries, later = ended.ended("looped")
    assert _attempts(tries) == [(1, 3, Outcome.FAILED), (2, 3, Outcome.SUCCEEDED)]
    assert {run.logical_id for run in tries} == {tries[0].id}
    assert later.logical_id == later.id
    first = ended.ended("first")
    assert _attempts(first) == [(1, 3, Outcome.SUCCEEDED), (2, 3, Outcome.SUCCEEDED)]
    assert {run.logical_id for run in first} == {first[0].id}


def test_last_attempt_fails(ended: Ended) -> None:
    """The last of the allowed attempts can be told from one that will be repeated."""
    assert _attempts(ended.ended("hopeless")) == [(1, 2, Outcome.FAILED), (2, 2, Outcome.FAILED)]


def test_separate_steps(ended: Ended) -> None:
    """extract(), normalize() and load() are three runs and one logical run; the next extract() begins another one."""
    runs = ended.ended("steps")
    assert [run.stage for run in runs] == [Stage.EXTRACT, Stage.NORMALIZE, Stage.LOAD] * 2
    assert all(run.outcome is Outcome.SUCCEEDED for run in runs)
    assert [run.logical_id for run in runs] == [runs[0].id] * 3 + [runs[3].id] * 3
    assert [run.rows for run in runs] == [0, 0, 1] * 2
    assert [len(run.pending_packages) for run in runs] == [1, 1, 0] * 2


def test_separate_steps_in_attempts(ended: Ended) -> None:
    """Steps that are repeated together stay one logical run, whichever of them was reached before."""
    runs = ended.ended("both")
    assert [(run.stage, run.attempt) for run in runs] == [
        (Stage.EXTRACT, 1),
        (Stage.EXTRACT, 2),
        (Stage.NORMALIZE, 2),
        (Stage.LOAD, 2),
    ]
    assert {run.logical_id for run in runs} == {runs[0].id}


def test_attempts_of_an_orchestrator(run_script: RunScript) -> None:
    """Where an orchestrator repeats the program, the first run of one attempt is repeated by the first of the next."""
    source = """
        import dlt
        for _ in range(2):
            dlt.pipeline("orders", destination="duckdb", dataset_name="data").run([{"id": 1}], table_name="rows")
    """
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/loads",
        "GITHUB_RUN_ID": "1234",
        "GITHUB_WORKFLOW": "nightly",
        "GITHUB_JOB": "load",
    }
    before = run_script(source, same=False, **github, GITHUB_RUN_ATTEMPT="1").ended("orders")
    again = run_script(source, same=False, **github, GITHUB_RUN_ATTEMPT="2").ended("orders")
    assert [run.attempt for run in before + again] == [1, 1, 2, 2]
    assert [run.logical_id for run in before] == [run.logical_id for run in again]
    assert len({run.logical_id for run in before}) == 2
