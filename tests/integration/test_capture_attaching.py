"""How Tocsin gets into dlt, how it stays there, and how it stays out of the way."""

from __future__ import annotations

import importlib.metadata

import pytest

from dlt_scripts import RunScript
from tocsin.core.run import Outcome, Stage

pytestmark = pytest.mark.dlt_versions

_DLT = tuple(int(part) for part in importlib.metadata.version("dlt").split(".")[:2])

_HEAD = """
    import os, sys
    import dlt
    from dlt.pipeline import trace

    def run(name, data=({"id": 1},)):
        pipeline = dlt.pipeline(name, destination="duckdb", dataset_name="data")
        return pipeline.run(data, table_name="orders")
"""


def test_tracking_modules_of_the_user(run_script: RunScript) -> None:
    """A program that replaces dlt's tracking modules by its own has both, however often it does so."""
    ended = run_script(
        _HEAD
        + """
    class Mine:
        def on_start_trace(self, *args): print("start")
        def on_start_trace_step(self, *args): pass
        def on_end_trace_step(self, *args): pass
        def on_end_trace(self, *args): print("end")

    trace.TRACKING_MODULES = [Mine()]
    run("first")
    trace.TRACKING_MODULES = [Mine(), Mine()]
    run("second")
    """
    )
    assert [run.pipeline for run in ended.ended()] == ["first", "second"]


_UNTRACED = (
    _HEAD
    + """
    def attempt(name, data):
        try:
            print(name, "returned", run(name, data))
        except BaseException as error:
            print(name, "raised", type(error).__name__, error)

    attempt("good", [{"id": 1}])
    attempt("bad", dlt.resource((1 / 0 for _ in range(1)), name="rows"))
    attempt("gone", dlt.resource((sys.exit(2) for _ in range(1)), name="rows"))
    steps = dlt.pipeline("steps", destination="duckdb", dataset_name="data")
    print(steps.extract([{"id": 1}], table_name="orders"))
    print(type(steps.normalize()).__name__)
    print(steps.load())
"""
)


def test_runtime_trace_switched_off(run_script: RunScript) -> None:
    """With `enable_runtime_trace = false` dlt tells nobody of its runs; they are told all the same."""
    ended = run_script(_UNTRACED, ENABLE_RUNTIME_TRACE="false")
    good = ended.only("good")
    assert (good.outcome, good.rows, good.stage) == (Outcome.SUCCEEDED, 1, Stage.LOAD)
    assert [step.stage for step in good.steps] == [Stage.SYNC, Stage.EXTRACT, Stage.NORMALIZE, Stage.LOAD]
    bad = ended.only("bad")
    assert (bad.outcome, bad.stage) == (Outcome.FAILED, Stage.EXTRACT)
    assert bad.cause is not None
    assert ended.only("gone").outcome is Outcome.EXITED
    steps = ended.ended("steps")
    assert [run.stage for run in steps] == [Stage.EXTRACT, Stage.NORMALIZE, Stage.LOAD]
    assert {run.logical_id for run in steps} == {steps[0].id}
    assert len(ended.told("run.started")) == len(ended.ended()) == 6


@pytest.mark.skipif((1, 5) <= _DLT < (1, 18), reason="with plugins switched off these versions of dlt miss parts")
def test_plugins_switched_off(run_script: RunScript) -> None:
    """DLT_DISABLE_PLUGINS is respected, and `enable()` attaches by hand, once however often it is called."""
    ended = run_script(
        """
        import tocsin
        tocsin.enable()
        """
        + _HEAD.replace("\n    ", "\n        ")
        + """
        run("orders")
        tocsin.enable()
        run("orders")
        """,
        same=False,
        DLT_DISABLE_PLUGINS="true",
    )
    assert [run.outcome for run in ended.ended()] == [Outcome.SUCCEEDED] * 2
    without = run_script(_HEAD + "    run('orders')", same=False, DLT_DISABLE_PLUGINS="true")
    assert (without.code, without.events) == (0, [])


def test_tocsin_switched_off(run_script: RunScript) -> None:
    """With `TOCSIN__ENABLED=false` nothing is written, whatever happens."""
    ended = run_script(_HEAD + "    run('orders')\n    raise SystemError", TOCSIN__ENABLED="false")
    assert not (ended.folder / "tocsin").exists()


def test_collector_of_the_user(run_script: RunScript) -> None:
    """The user's own progress collector gets every call, and `progress="log"` logs."""
    ended = run_script(
        _HEAD
        + """
    from dlt.common.runtime.collector import NullCollector

    class Mine(NullCollector):
        def _start(self, step): print("start", step.split(" in ")[0])
        def _stop(self): print("stop")

    mine = Mine()
    pipeline = dlt.pipeline("mine", destination="duckdb", progress=mine)
    pipeline.run([{"id": 1}], table_name="orders")
    print(pipeline.collector is mine)
    logged = dlt.pipeline("logged", destination="duckdb", progress=dlt.progress.log(0.01, sys.stdout))
    print(logged.run([{"id": 1}], table_name="orders").has_failed_jobs)
    """,
        same=False,
    )
    assert "start Extract mine\nstop\nstart Normalize mine\nstop\nstart Load mine\nstop\nTrue\n" in ended.out
    assert " Load logged in " in ended.out
    assert len(ended.ended()) == 2


def test_everything_of_ours_fails(run_script: RunScript) -> None:
    """Results, errors, output and exit code do not change when each of our own calls fails."""
    ended = run_script(
        """
        def fail(*args, **kwargs):
            raise RuntimeError("of ours")

        try:
            from tocsin.capture.recorder import Recorder
            for name in ("begin", "update", "finish", "report", "finished_cleanly"):
                setattr(Recorder, name, fail)
        except ImportError:
            pass  # This is the execution without Tocsin.
        """
        + _HEAD.replace("\n    ", "\n        ")
        + """
        print(run("good").has_failed_jobs)
        try:
            run("bad", dlt.resource((1 / 0 for _ in range(1)), name="rows"))
        except Exception as error:
            print(type(error).__name__)
        {}["after"]
        """
    )
    assert (ended.code, ended.events) == (1, [])
    assert ended.out == "False\nPipelineStepFailed\n"
    assert "of ours" not in ended.err


@pytest.mark.parametrize("module", ["attach", "tracker", "recorder"])
def test_part_of_ours_cannot_be_imported(run_script: RunScript, module: str) -> None:
    """An installation of ours that is broken is no problem of the pipeline's."""
    ended = run_script(
        f"""
        import sys
        sys.modules["tocsin.capture.{module}"] = None
        """
        + _HEAD.replace("\n    ", "\n        ")
        + "        print(run('orders').has_failed_jobs)"
    )
    assert (ended.code, ended.out, ended.events) == (0, "False\n", [])


def test_nothing_is_imported_before_it_is_needed(run_script: RunScript) -> None:
    """Making a pipeline imports a few small files of ours; a run that goes well needs no engine and no store."""
    ended = run_script(
        _HEAD
        + """
    before = set(sys.modules)
    dlt.pipeline("orders", destination="duckdb", dataset_name="data")
    print(*sorted(name for name in sys.modules if name.startswith("tocsin")))
    run("orders")
    print(*sorted(set(sys.modules) - before))
    """,
        same=False,
    )
    at_first, later = (line.split() for line in ended.out.splitlines())
    assert at_first == [
        "tocsin",
        "tocsin._version",
        "tocsin.capture",
        "tocsin.capture.attach",
        "tocsin.capture.guards",
        "tocsin.capture.quiet",
        "tocsin.plugin",
    ]
    assert "tocsin.capture.tracker" in later
    heavy = {"tocsin.engine", "tocsin.store", "tocsin.channels", "sqlite3"}
    assert heavy & set(later) == set()


def test_a_link_to_the_log_from_the_settings(run_script: RunScript) -> None:
    """A template of the log's address in config.toml makes the link that goes before all others."""
    ended = run_script(
        """
        from pathlib import Path
        Path(".dlt").mkdir()
        Path(".dlt/config.toml").write_text('[tocsin]\\nlog_url = "https://logs.example/?q={host}+{pid}"\\n')
        import dlt
        dlt.pipeline("orders", destination="duckdb").run([{"id": 1}], table_name="orders")
        """
    )
    (run,) = ended.ended()
    assert run.process is not None
    (link,) = run.context.links
    assert (link.label, link.url) == ("Log", f"https://logs.example/?q={run.context.host}+{run.process.pid}")
