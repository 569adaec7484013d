"""Ends that dlt tells nobody of: signals, exits, and errors outside of a run. What the user sees stays the same."""

from __future__ import annotations

import signal

import pytest

from dlt_scripts import Ended, RunScript
from tocsin.core.cause import CauseClass
from tocsin.core.run import Outcome, Stage

pytestmark = pytest.mark.dlt_versions

_HEAD = """
    import os, signal, sys, time
    import dlt

    def pipeline(name="orders", **kwargs):
        return dlt.pipeline(name, destination="duckdb", dataset_name="data", **kwargs)

    def doing(action):
        return dlt.resource((action() for _ in range(1)), name="rows")

    def kill(number):
        os.kill(os.getpid(), number)
        time.sleep(5)
        return {"id": 1}

    rows = [{"id": 1}]
"""


def test_uncaught_error_is_told_once(run_script: RunScript) -> None:
    """An error that leaves the run and then the program is one failed run; traceback and exit code stay."""
    ended = run_script(_HEAD + "    pipeline().run(doing(lambda: 1 / 0))")
    run = ended.only()
    assert (ended.code, run.outcome, run.stage) == (1, Outcome.FAILED, Stage.EXTRACT)
    assert run.cause is not None
    assert run.cause.exception == "ZeroDivisionError"


def test_exit_keeps_its_code(run_script: RunScript) -> None:
    """SystemExit in a resource ends the program with its code, and the run has exited."""
    ended = run_script(_HEAD + "    pipeline().run(doing(lambda: sys.exit(7)))")
    assert (ended.code, ended.only().outcome) == (7, Outcome.EXITED)


def test_ctrl_c(run_script: RunScript) -> None:
    """SIGINT while a resource works interrupts the run."""
    ended = run_script(_HEAD + "    pipeline().run(doing(lambda: kill(signal.SIGINT)))")
    assert ended.only().outcome is Outcome.INTERRUPTED


def test_sigterm_in_extract(run_script: RunScript) -> None:
    """SIGTERM ends the process as it would without us, and the run is told as interrupted before."""
    ended = run_script(_HEAD + "    pipeline().run(doing(lambda: kill(signal.SIGTERM)))")
    run = ended.only()
    assert (ended.code, run.outcome, run.stage) == (-signal.SIGTERM, Outcome.INTERRUPTED, Stage.EXTRACT)
    assert (run.note, run.steps[-1].ok) == ("ended by SIGTERM", False)
    assert not ended.alive


_AT_STEP = """
    from dlt.common.runtime.collector import NullCollector

    class Killer(NullCollector):
        def _start(self, step):
            if step.startswith(STEP):
                for _ in range(TIMES):
                    os.kill(os.getpid(), signal.SIGTERM)

    tables = {f"table_{number}": rows for number in range(3)}
    data = [dlt.resource(rows, name=name) for name, rows in tables.items()]
    pipeline(progress=Killer()).run(data)
    print("over")
"""


@pytest.mark.parametrize(("step", "stage"), [("Normalize", Stage.NORMALIZE), ("Load", Stage.LOAD)])
def test_sigterm_that_dlt_intercepts(run_script: RunScript, step: str, stage: Stage) -> None:
    """In normalize and load dlt ends the step in order, or fails it; the run is told as it ended."""
    ended = run_script(_HEAD + f"    STEP, TIMES = {step!r}, 1" + _AT_STEP)
    run = ended.only()
    if ended.code == 0:
        assert run.outcome is Outcome.SUCCEEDED
    else:
        assert (run.outcome, run.stage) == (Outcome.INTERRUPTED, stage)


def test_second_sigterm_in_load(run_script: RunScript) -> None:
    """A second SIGTERM ends the process at once, by way of our handler below dlt's."""
    ended = run_script(_HEAD + "    STEP, TIMES = 'Load', 2" + _AT_STEP)
    run = ended.only()
    if ended.code == -signal.SIGTERM:
        assert (run.outcome, run.stage) == (Outcome.INTERRUPTED, Stage.LOAD)
    else:
        # Before dlt 1.18 a second signal changed nothing.
        assert run.outcome in {Outcome.INTERRUPTED, Outcome.SUCCEEDED}


def test_sigterm_with_a_handler_of_the_users(run_script: RunScript) -> None:
    """A handler of the user's is called and decides; the run that it ends was interrupted, and it stays in place."""
    ended = run_script(
        _HEAD
        + """
    def stop(number, frame):
        print("handled", number)
        raise RuntimeError("stop")

    signal.signal(signal.SIGTERM, stop)
    try:
        pipeline().run(doing(lambda: kill(signal.SIGTERM)))
    except Exception as error:
        print(type(error).__name__)
    print(signal.getsignal(signal.SIGTERM) is stop)
    """
    )
    run = ended.only()
    assert ended.out.splitlines()[-1] == "True"
    assert (run.outcome, run.note) == (Outcome.INTERRUPTED, "SIGTERM was received")


@pytest.mark.parametrize("end", ["kill(signal.SIGKILL)", "os._exit(4)"])
def test_process_that_is_gone(run_script: RunScript, end: str) -> None:
    """A process that is killed leaves the start of its run and a sign of life, for others to see that it died."""
    ended = run_script(_HEAD + f"    pipeline().run(doing(lambda: {end}))", same=False)
    [started] = ended.told("run.started")
    [alive] = ended.alive
    assert ended.ended() == []
    assert (alive.id, alive.outcome, alive.stage) == (started.id, Outcome.RUNNING, Stage.EXTRACT)
    assert alive.process is not None
    assert alive.heartbeat_at is not None


def test_error_before_the_run(run_script: RunScript) -> None:
    """A secret that is missing before the first run is a failure of the pipeline that exists by then."""
    ended = run_script(
        _HEAD
        + """
    @dlt.source
    def shop(api_key: str = dlt.secrets.value):
        return dlt.resource([1], name="rows")

    pipeline("shop_pipeline").run(shop())
    """
    )
    run = ended.only("shop_pipeline")
    assert (ended.code, run.outcome, run.stage) == (1, Outcome.FAILED, Stage.BEFORE)
    assert (run.destination, run.rows, ended.told("run.started")) == ("duckdb", 0, [])
    assert run.cause is not None
    assert run.cause.cause_class is CauseClass.CONFIGURATION


def test_error_without_a_pipeline(run_script: RunScript) -> None:
    """A program that used dlt and failed before it had a pipeline is told under the name of its script."""
    ended = run_script(
        """
        import dlt
        dlt.pipeline("orders", destination="no_such_thing")
        """,
        same=False,
    )
    # dlt names the packages that it searched for the destination, in its newer versions all of them.
    assert "no_such_thing" in ended.err
    assert "tocsin" not in ended.err
    assert (ended.only("script").outcome, ended.only().stage) == (Outcome.FAILED, Stage.BEFORE)


def test_error_after_the_run(run_script: RunScript) -> None:
    """An error after a run that went well is a failure of its own that belongs to the same logical run."""
    ended = run_script(_HEAD + "    pipeline().run(rows, table_name='orders')\n    {}['totals']")
    good, run = ended.ended("orders")
    assert (good.outcome, run.outcome, run.stage) == (Outcome.SUCCEEDED, Outcome.FAILED, Stage.AFTER)
    assert run.logical_id == good.logical_id
    assert run.id != good.id
    assert ended.told("process.ended") == []


def test_error_that_is_raised_again(run_script: RunScript) -> None:
    """An error of a run that the program wraps in one of its own is not told a second time."""
    ended = run_script(
        _HEAD
        + """
    try:
        pipeline().run(doing(lambda: 1 / 0))
    except Exception as error:
        raise SystemError("nightly load failed") from None
    """,
        same=False,
    )
    assert ended.only().stage is Stage.EXTRACT


def test_hook_of_the_user(run_script: RunScript) -> None:
    """The user's own sys.excepthook is called as before."""
    ended = run_script(
        _HEAD
        + """
    sys.excepthook = lambda kind, error, traceback: print("seen", kind.__name__)
    pipeline()
    {}["totals"]
    """
    )
    assert (ended.out, ended.only().stage) == ("seen KeyError\n", Stage.BEFORE)


def test_interactive_session(run_script: RunScript) -> None:
    """In a Python shell an error is seen by the person who made it, and nobody else hears of it."""
    ended = run_script(_HEAD + "    sys.ps1 = '>>> '\n    pipeline()\n    {}['totals']", same=False)
    assert ended.events == []


def _with_open_alert(run_script: RunScript, end: str) -> Ended:
    """Run a script that makes the marker of an open alert for its pipeline, as the engine would."""
    return run_script(
        _HEAD
        + """
    pipeline().run(rows, table_name='orders')
    from pathlib import Path
    from tocsin.core.marker import marker_name
    marker = Path(os.environ["TOCSIN__HOME"], "open", marker_name("default", "orders"))
    marker.parent.mkdir(parents=True)
    marker.touch()
    """
        + end,
        same=False,
    )


def test_clean_end(run_script: RunScript) -> None:
    """The end of the process is told where an open alert waits for it, and only if nothing was raised."""
    ended = _with_open_alert(run_script, "")
    [run] = ended.told("process.ended")
    assert (run.id, run.outcome) == (ended.only().id, Outcome.SUCCEEDED)
    assert _with_open_alert(run_script, "raise SystemError").told("process.ended") == []
