"""A pipeline's companion where a server does the work: what it reports, and what it costs the pipeline's process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from companions import PATIENCE, Program, programs, until
from receiver import Reply, answer, silence
from scripted_server import ScriptedServer, problem, taken
from tocsin.core.wire import CLOCK_PATH, EVENTS_PATH

FAILS = """\
with contextlib.suppress(ValueError), tocsin.watch("job"):
    raise ValueError("no such customer")
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Give a program that is started later."""
    with programs(tmp_path) as made:
        yield made


@pytest.fixture
def server(program: Program) -> ScriptedServer:
    """Let the receiver of the program be a server that takes everything."""
    return ScriptedServer(program.receiver)


def reporting(server: ScriptedServer, **settings: str) -> dict[str, str]:
    """Return the environment of a program that reports to a server; its own channel is of no use then."""
    return {
        "TOCSIN__SERVER": server.address,
        "TOCSIN__API_KEY": "k3y",
        **{f"TOCSIN__{name.upper()}": value for name, value in settings.items()},
    }


@pytest.mark.parametrize("handover", ["spawn", "inline"])
def test_a_failure_is_on_the_server_before_the_program_goes_on(
    program: Program, server: ScriptedServer, handover: str
) -> None:
    """The report carries the cause, and the end of the log that the server could not read otherwise."""
    source = (
        "import logging\nlogging.basicConfig(stream=sys.stdout)\n"
        + FAILS.replace("    raise", "    logging.getLogger('app').warning('token=hunter2 about to fail')\n    raise")
        + "print(len([*__import__('pathlib').Path('tocsin/spool').glob('*.json')]))\n"
    )
    program.start(source, reporting(server, handover=handover, budget="60s"))
    ended = program.end()

    assert (ended.code, ended.err) == (0, "")
    # Nothing was left in the spool when the program went on.
    assert ended.out.splitlines()[-1] == "0"
    finished = next(event for event in server.events if event["type"] == "run.finished")
    assert finished["run"]["cause"]["message"] == "no such customer"
    assert {request.target for request in program.receiver.requests} == {EVENTS_PATH, CLOCK_PATH}
    tail = finished["run"]["context"]["log_tail"]
    assert "about to fail" in tail
    assert "ValueError: no such customer" in tail
    assert "hunter2" not in tail
    # No store was made on this machine.
    assert not (program.home / "tocsin.db").exists()


def test_good_runs_and_the_clean_end_of_the_process_are_reported_too(program: Program, server: ScriptedServer) -> None:
    """An alert may be open on the server, which this machine does not know."""
    program.start("import atexit\nwith tocsin.watch('job'):\n    pass\n", reporting(server))
    assert program.end().code == 0
    until(lambda: "run.finished" in [event["type"] for event in server.events])
    assert {event["type"] for event in server.events} >= {"run.started", "run.finished"}
    until(lambda: not program.companions())


def test_a_killed_process_is_reported_with_what_ended_it(program: Program, server: ScriptedServer) -> None:
    """The companion sees the end at once and tells it as the end of the run."""
    process = program.start(
        "with tocsin.watch('job'):\n    print('on', flush=True)\n    time.sleep(600)\n", reporting(server)
    )
    assert process.stdout is not None
    process.stdout.readline()
    until(program.companions)
    until(lambda: server.events)
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: any(event["id"].startswith("run.died-") for event in server.events))
    died = next(event["run"] for event in server.events if event["id"].startswith("run.died-"))
    assert (died["outcome"], died["ended_by"]) == ("died", "SIGKILL")
    process.communicate()
    until(lambda: not program.companions())


@pytest.mark.parametrize("handover", ["spawn", "inline"])
def test_the_newest_snapshot_of_a_living_run_is_sent_again_and_again(
    program: Program, server: ScriptedServer, handover: str
) -> None:
    """So the server can tell stuck from dead; a short `died_after` makes it more often."""
    program.start("with tocsin.watch('job'):\n    go()\n", reporting(server, died_after="1s", handover=handover))
    beats: list[dict[str, object]] = []

    def beaten() -> bool:
        beats[:] = [event for event in server.events if event["type"] == "progress"]
        return len(beats) >= 3

    until(beaten)
    assert len({str(event["id"]) for event in beats}) == len(beats)
    assert [event["at"] for event in beats] == sorted(str(event["at"]) for event in beats)
    program.go()
    program.end()


def test_what_could_not_be_sent_is_sent_after_the_process_has_ended(program: Program, server: ScriptedServer) -> None:
    """The companion goes on trying; each event arrives once."""
    server.answers(answer(503), answer(502), taken())
    program.start(FAILS, reporting(server, budget="0.2s"))
    assert program.end().code == 0
    until(lambda: len(server.ids) == 2)
    assert server.ids == sorted(server.ids, reverse=True)
    until(lambda: not program.companions())


@pytest.mark.parametrize("handover", ["spawn", "inline"])
@pytest.mark.parametrize(
    "reply",
    [silence, answer(503, retry_after="3600"), problem(401, "no such key"), answer(200, "<html>log in")],
    ids=["silent", "busy", "refused", "portal"],
)
def test_no_server_costs_a_program_more_than_the_budget(
    program: Program, server: ScriptedServer, handover: str, reply: Reply
) -> None:
    """Result and output are what they were, and nothing is lost."""
    server.clock = reply
    server.answers(reply)
    source = "began = time.monotonic()\n" + FAILS + "print(time.monotonic() - began)\n"
    program.start(source, reporting(server, handover=handover, budget="0.5s"))
    ended = program.end()

    assert (ended.code, ended.err) == (0, "")
    assert float(ended.out) < 10
    assert {event["type"] for event in ended.events} == {"run.started", "run.finished"}


def test_a_key_that_the_server_does_not_know_is_told_to_the_programs_log(
    program: Program, server: ScriptedServer
) -> None:
    """Once, with what to do: the companion has no log of its own that anybody reads."""
    server.answers(problem(401, "no such key"))
    source = "import logging\nlogging.getLogger('tocsin').addHandler(logging.StreamHandler(sys.stdout))\n" + 2 * FAILS
    program.start(source, reporting(server, budget=f"{PATIENCE}s"))
    [line] = program.end().out.splitlines()
    assert "401: no such key; put a key that the server knows into api_key" in line
    assert "wait and will be sent later: tocsin drain" in line


def test_owner_and_schedule_of_the_settings_go_with_each_report(program: Program, server: ScriptedServer) -> None:
    """The server has no list of pipelines: what is configured beside them is all there is."""
    settings = reporting(
        server,
        handover="inline",
        pipelines__job__owner="data-team",
        pipelines__job__schedule="0 6 * * *",
        pipelines__job__timezone="Europe/Berlin",
        pipelines__job__finish_within="2h",
    )
    program.start(FAILS, settings)
    program.end()
    for event in server.events:
        assert event["run"]["context"]["owner"] == "data-team"
        declared = event["run"]["schedule"]
        assert (declared["text"], declared["timezone"]) == ("0 6 * * *", "Europe/Berlin")
        assert (declared["start_within"], declared["finish_within"]) == (900, 7200)


def test_less_is_imported_than_without_a_server(program: Program, server: ScriptedServer) -> None:
    """Neither the store nor the rules come into a program that sends by itself."""
    source = FAILS + "print([name for name in sys.modules if name.startswith(('sqlalchemy', 'tocsin.store'))])\n"
    program.start(source, reporting(server, handover="inline"))
    assert program.end().out == "[]\n"
    assert server.ids
