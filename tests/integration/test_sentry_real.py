"""Real dlt pipelines that tell Sentry, beside dlt's own use of it and the user's."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from companions import Program, programs, until
from dlt_scripts import Ended, RunScript, start
from envelopes import dsn, items
from receiver import Request, answer

FAILS = """\
import dlt

@dlt.resource
def orders():
    yield {"id": 1}
    raise ValueError("no orders today, password=hunter2")

dlt.pipeline("shop", destination="duckdb", dataset_name="raw").run(orders())
"""
GOES_WELL = """\
import dlt

dlt.pipeline("shop", destination="duckdb", dataset_name="raw").run([{"id": 1}, {"id": 2}], table_name="orders")
"""
with_sdk = pytest.mark.skipif(find_spec("sentry_sdk") is None, reason="dlt's own use of Sentry needs sentry-sdk")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Give a program and a server that takes everything, and no leftovers."""
    with programs(tmp_path / "program") as made:
        made.receiver.answers(answer(200, {"id": "0"}))
        yield made


def run(program: Program, source: str, **environment: str) -> Ended:
    """Run a script, without a word of Tocsin in it, whose alerts are sent by its companion."""
    settings = {"TOCSIN__HANDOVER": "spawn", "NO_PROXY": "localhost", **environment}
    program.process = start(source, program.folder, settings)
    return program.end()


def channel(program: Program) -> dict[str, str]:
    """Return the settings of a Sentry channel that sends to the program's server."""
    return {"TOCSIN__CHANNELS__ERRORS__TYPE": "sentry", "TOCSIN__CHANNELS__ERRORS__DSN": dsn(program.receiver)}


def ours(program: Program) -> list[Request]:
    """Return what Tocsin sent; dlt and the user send with Sentry's SDK, which names itself."""
    return [request for request in program.receiver.requests if "sentry_client=tocsin" in request.target]


@pytest.mark.dlt_versions
def test_a_pipeline_that_fails(program: Program) -> None:
    """One setting, and a failure is an issue with the user's own line in its chain, without secrets, and a trace."""
    ended = run(program, FAILS, **channel(program))
    assert ended.code == 1
    until(lambda: len(ours(program)) == 2)
    [event] = items(ours(program), "event")
    inner, *_, outer = event["exception"]["values"]
    assert (inner["type"], inner["value"]) == ("ValueError", "no orders today, password=[secret]")
    assert outer["type"] == "PipelineStepFailed"
    assert "no orders today" in outer["value"]
    assert [frame["filename"] for frame in inner["stacktrace"]["frames"] if frame["in_app"]] == ["script.py"]
    assert event["fingerprint"][:4] == ["tocsin", "delivery", "shop", "failed"]
    wanted = {"pipeline": "shop", "step": "extract", "resource": "orders", "dataset": "raw", "kind": "failed"}
    assert wanted.items() <= event["tags"].items()
    assert "hunter2" not in str(event)
    [trace] = items(ours(program), "transaction")
    assert trace["spans"][-1]["op"] == "run.extract"
    assert trace["spans"][-1]["status"] == trace["contexts"]["trace"]["status"] == "internal_error"


@pytest.mark.dlt_versions
def test_a_pipeline_that_goes_well(program: Program) -> None:
    """A good run leaves a trace with its steps and the rows of its tables, soon after its process has ended."""
    ended = run(program, GOES_WELL, **channel(program), TOCSIN__ENVIRONMENT="prod")
    assert (ended.code, ended.err) == (0, "")
    until(lambda: ours(program))
    [trace] = items(ours(program), "transaction")
    assert [span["op"] for span in trace["spans"]][-3:] == ["run.extract", "run.normalize", "run.load"]
    assert trace["spans"][-1]["data"] == {"rows.orders": 2}
    assert (trace["environment"], trace["tags"]["outcome"]) == ("prod", "succeeded")


def test_a_scheduled_job_checks_in(program: Program) -> None:
    """The schedule that stands in the code makes the monitor, and start and end arrive as one check-in."""
    source = """\
        import tocsin
        with tocsin.watch("export", schedule="every 1h"):
            pass
    """
    run(program, source, **channel(program))
    until(lambda: len(ours(program)) == 3)
    first, last = items(ours(program), "check_in")
    assert (first["status"], last["status"], last["monitor_slug"]) == ("in_progress", "ok", "export")
    assert first["check_in_id"] == last["check_in_id"]
    assert first["monitor_config"]["schedule"] == {"type": "interval", "value": 1, "unit": "hour"}


def test_a_process_that_goes_on(program: Program) -> None:
    """News of a good run does not wait for the end of its process."""
    source = """\
        import os, time
        import tocsin
        for _ in range(2):
            with tocsin.watch("export"):
                pass
        while not os.path.exists("go"):
            time.sleep(0.05)
    """
    program.process = start(
        source, program.folder, {"TOCSIN__HANDOVER": "spawn", "NO_PROXY": "localhost"} | channel(program)
    )
    until(lambda: len(items(ours(program), "transaction")) == 2)
    assert program.process.poll() is None
    program.go()
    assert program.end().code == 0


@with_sdk
def test_the_setting_of_dlt_is_enough(program: Program) -> None:
    """With dlt's own setting and no other a failure reaches Sentry; what dlt sends itself arrives as before."""
    run(program, FAILS, RUNTIME__SENTRY_DSN=dsn(program.receiver))
    until(lambda: items(ours(program), "event"))
    assert len(items(ours(program), "event")) == 1
    assert len(ours(program)) < len(program.receiver.requests)


def test_the_setting_of_dlt_without_the_sdk(run_script: RunScript, program: Program) -> None:
    """Where sentry-sdk is missing, dlt refuses its own setting: with Tocsin exactly as without it."""
    source = "import sys\nsys.modules['sentry_sdk'] = None\n" + GOES_WELL
    ended = run_script(source, RUNTIME__SENTRY_DSN=dsn(program.receiver))
    assert ended.code == 1
    assert "sentry-sdk" in ended.err


@with_sdk
def test_the_users_own_client_is_left_alone(program: Program) -> None:
    """A program that uses Sentry itself keeps its client and its events, and none of Tocsin's are among them."""
    source = """\
        import contextlib, sys
        import sentry_sdk
        import tocsin

        kept = []
        sentry_sdk.init("http://key@localhost:9/1", transport=kept.append, traces_sample_rate=1.0)
        client, excepthook = sentry_sdk.get_client(), sys.excepthook
        with contextlib.suppress(ValueError), tocsin.watch("export"):
            raise ValueError("of the job")
        sentry_sdk.capture_message("of the user")
        assert sentry_sdk.get_client() is client
        print([event.get("message") for event in kept])
    """
    ended = run(program, source, **channel(program), TOCSIN__HANDOVER="inline")
    assert (ended.code, ended.out) == (0, "['of the user']\n"), ended.err
    assert [event["transaction"] for event in items(ours(program), "event")] == ["export"]
