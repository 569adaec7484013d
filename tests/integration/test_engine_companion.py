"""Real processes, their companions and what a receiver hears of them."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from companions import PRELUDE, Program, programs, until
from dlt_scripts import start, wait
from made import run
from receiver import answer, silence
from tocsin.config.model import Config
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import tick
from tocsin.store.sqlite import SqliteStore

NOW, DAY = datetime.now(UTC), timedelta(days=1)
FAILS = """\
with contextlib.suppress(ValueError), tocsin.watch("job"):
    raise ValueError("no such customer")
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Give a program, its receiver and no leftovers."""
    with programs(tmp_path / "program") as made:
        yield made


def test_an_alert_and_its_end_arrive_while_the_process_lives(program: Program) -> None:
    """Neither the problem nor its end waits for the end of the program, which ends as it would without us."""
    process = program.start(FAILS + "go()\nwith tocsin.watch('job'): pass\nprint('done')\nsys.exit(3)\n")
    until(program.titles)
    assert program.titles() == ["job failed"]
    program.go()
    until(lambda: len(program.titles()) == 2)
    assert "recovered after" in program.titles()[1]

    ended = program.end()
    assert (process.returncode, ended.out, ended.err) == (3, "done\n", "")


@pytest.mark.parametrize(
    "end",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os._exit(0)",
        # A program that takes the place of this one.
        "os.execv(sys.executable, [sys.executable, '-c', ''])",
    ],
)
def test_a_process_that_ends_without_a_word_is_told_by_its_companion(program: Program, end: str) -> None:
    """Nobody has to come by: the companion sees the end of the process, and ends itself when it has told."""
    program.start(f'with tocsin.watch("job"):\n    {end}\n')
    until(program.titles)
    program.end()

    assert program.titles() == ["job died"]
    until(lambda: not program.companions())
    assert list((program.home / "spool" / "alive").iterdir()) == []


def test_the_companion_goes_on_trying_after_the_process_has_ended(program: Program) -> None:
    """A receiver with a bad moment does not keep the program, and gets the message all the same."""
    program.receiver.answers(answer(500), answer(503), answer(200))
    program.start(FAILS)
    program.end()
    until(lambda: len(program.titles()) == 3)

    assert set(program.titles()) == {"job failed"}
    assert len({request.headers["webhook-id"] for request in program.receiver.requests}) == 1
    until(lambda: not program.companions())


def test_what_is_old_goes_where_nothing_but_pipelines_runs(program: Program) -> None:
    """After a program has ended, and after all is told, its companion deletes what nobody needs any more."""
    program.home.mkdir(parents=True, exist_ok=True)
    with closing(SqliteStore(program.home / "tocsin.db")) as store:
        with store.writing() as tx:
            tx.save_run(run("old", started_at=NOW - 500 * DAY, ended_at=NOW - 500 * DAY))
            tx.save_run(run("young", started_at=NOW - DAY, ended_at=NOW - DAY))
        program.start("with tocsin.watch('job'): pass\n")
        program.end()
        until(lambda: not program.companions())
        with store.reading() as tx:
            left = {one.id for one in tx.runs(limit=9) if one.pipeline == "orders"}
    assert left == {"young"}


def test_without_its_companion_a_process_tells_by_itself(program: Program) -> None:
    """A companion that was killed is noticed, and a program that wants to die of a broken pipe does not."""
    program.start(
        "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "with contextlib.suppress(ValueError), tocsin.watch('job'):\n"
        "    go()\n"
        "    raise ValueError\n"
        "print('alive')"
    )
    until(program.companions)
    for pid in program.companions():
        os.kill(pid, signal.SIGKILL)
    until(lambda: not program.companions())
    program.go()
    ended = program.end()

    assert (ended.code, ended.out, ended.err) == (0, "alive\n", "")
    assert program.titles() == ["job failed"]


def test_inline_tells_before_the_process_ends_and_starts_nothing(program: Program) -> None:
    """With handover = inline there is no second process, and a retry happens within the budget."""
    program.receiver.answers(answer(500), answer(200))
    program.start(FAILS + "print('told')\n", {"TOCSIN__HANDOVER": "inline", "TOCSIN__BUDGET": "60s"})
    ended = program.end()

    assert (ended.code, ended.out, ended.err) == (0, "told\n", "")
    assert program.titles() == ["job failed"] * 2
    assert program.companions() == []


def test_none_tells_nobody_until_somebody_comes_by(program: Program) -> None:
    """With handover = none the events wait in the spool for `tocsin tick`."""
    program.start(FAILS, {"TOCSIN__HANDOVER": "none"})
    ended = program.end()
    assert (program.titles(), program.companions()) == ([], [])
    assert [event["type"] for event in ended.events] == ["run.started", "run.finished"]

    engine = open_engine(Config(home=program.home), store=SqliteStore(program.home / "tocsin.db"))
    assert tick(engine).events == 2
    engine.store.close()


@pytest.mark.parametrize("handover", ["spawn", "inline"])
def test_a_receiver_that_hangs_costs_no_more_than_the_budget(program: Program, handover: str) -> None:
    """The program goes on after its budget, while the receiver would keep a message for fifteen seconds."""
    program.receiver.answers(silence)
    source = "began = time.monotonic()\n" + FAILS + "print(time.monotonic() - began)\n"
    program.start(source, {"TOCSIN__HANDOVER": handover, "TOCSIN__BUDGET": "0.5s"})
    ended = program.end()

    assert ended.code == 0
    assert float(ended.out) < 10


def test_the_program_has_no_child_that_is_not_its_own(program: Program) -> None:
    """`os.wait()` of the user's finds no process of ours, neither living nor dead."""
    program.start(
        FAILS
        + textwrap.dedent("""\
        own = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", ""])
        print(os.wait()[0] == own)
        try:
            os.wait()
        except ChildProcessError:
            print("no other child")
        """)
    )
    ended = program.end()

    assert ended.out == "True\nno other child\n"
    assert program.titles() == ["job failed"]


@pytest.mark.parametrize("handover", ["spawn", "inline"])
def test_what_a_user_sees_is_what_it_was(program: Program, tmp_path: Path, handover: str) -> None:
    """Exit code, output and traceback of a failing program are those of a program that is not watched."""
    source = 'print("begin")\nwith tocsin.watch("job"):\n    {}["no such key"]\n'
    program.start(source, {"TOCSIN__HANDOVER": handover})
    watched = program.end()
    with programs(tmp_path / "unwatched") as other:
        other.start(source, {"TOCSIN__ENABLED": "false"})
        unwatched = other.end()
        assert (other.titles(), other.companions()) == ([], [])

    assert watched.code == unwatched.code == 1
    assert watched.differences(unwatched) == ""
    assert program.titles() == ["job failed"]


def test_a_forked_child_leaves_the_companion_of_its_parent_alone(program: Program) -> None:
    """Parent and child tell their own failures, each by a companion of its own."""
    program.start(
        textwrap.dedent("""\
        with contextlib.suppress(ValueError), tocsin.watch("parent"):
            child = os.fork()
            if not child:
                with contextlib.suppress(KeyError), tocsin.watch("child"):
                    raise KeyError
                os._exit(0)
            os.waitpid(child, 0)
            go()
            raise ValueError
        """)
    )
    until(lambda: "child failed" in program.titles())
    program.go()
    ended = program.end()

    assert (ended.code, ended.err) == (0, "")
    assert sorted(program.titles()) == ["child failed", "parent failed"]


def test_threads_tell_their_own(program: Program) -> None:
    """Two jobs that fail at the same moment are two alerts."""
    program.start(
        textwrap.dedent("""\
        def work(name):
            with contextlib.suppress(ValueError), tocsin.watch(name):
                barrier.wait()
                raise ValueError
        barrier = threading.Barrier(2)
        threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        """)
    )
    ended = program.end()
    until(lambda: len(program.titles()) == 2)

    assert (ended.code, ended.err) == (0, "")
    assert sorted(program.titles()) == ["one failed", "two failed"]


def test_a_message_is_redacted_before_it_leaves_the_process(program: Program) -> None:
    """A plain message may be anything, and no secret in it reaches disk or receiver."""
    program.start("tocsin.notify('postgresql://loader:hunter22@db/shop')\ntocsin.notify(404)\n")
    program.end()
    until(lambda: len(program.titles()) == 2)

    assert "hunter22" not in str(program.titles())
    assert program.titles()[1] == "404"


BROKEN_PLACES = {
    # A file stands where the directory has to be: neither spool nor store can be written.
    "no directory": ("open('home', 'w').close()\n", {"TOCSIN__HOME": "home/tocsin"}),
    # Every write fails, as on a disk that is full.
    "no room": ("import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n", {}),
}


@pytest.mark.parametrize("handover", ["spawn", "inline", "none"])
@pytest.mark.parametrize("broken", BROKEN_PLACES)
def test_without_a_disk_the_alert_arrives(program: Program, broken: str, handover: str) -> None:
    """Nothing can be written down, so the process itself tells, once, and goes on."""
    source, settings = BROKEN_PLACES[broken]
    program.start(source + FAILS + "print('on')\n", settings | {"TOCSIN__HANDOVER": handover})
    ended = program.end()

    assert (ended.code, ended.out, ended.err) == (0, "on\n", "")
    assert program.titles() == ["job failed"]


def test_without_a_store_the_alert_arrives_and_its_events_wait(program: Program) -> None:
    """The companion tells from the spool, which keeps what happened; the store tells it again by the same key."""
    program.start(FAILS, {"TOCSIN__STORE": "sqlite:////dev/null/t.db"})
    ended = program.end()
    until(lambda: program.titles() and not program.companions())
    assert program.titles() == ["job failed"]
    assert [event["type"] for event in ended.events] == ["run.started", "run.finished"]

    program.start("tocsin.notify('hello')", {"TOCSIN__HANDOVER": "inline"})
    program.end()

    assert sorted(program.titles()) == ["hello", "job failed", "job failed"]
    (first, again) = (r.headers["webhook-id"] for r in program.receiver.requests if r.json["title"] == "job failed")
    assert first == again
    assert list((program.home / "spool").glob("*.json")) == []


def test_a_run_that_goes_well_is_taken_in_without_a_word(program: Program) -> None:
    """A run that goes well leaves its report to the companion, which ends with the process."""
    program.start("with tocsin.watch('job'): pass\n")
    program.end()
    until(lambda: not program.companions())

    assert program.titles() == []
    store = SqliteStore(program.home / "tocsin.db")
    with store.reading() as tx:
        assert [run.outcome for run in tx.runs()] == ["succeeded"]
    store.close()


@pytest.mark.parametrize(
    "variable",
    [
        # Set while a test runs.
        "PYTEST_CURRENT_TEST",
        # Set while tests are collected, too.
        "PYTEST_VERSION",
    ],
)
def test_pipelines_that_fail_in_a_users_tests_are_nobodys_alarm(program: Program, variable: str) -> None:
    """Under pytest nothing is watched, unless somebody has said so in the environment."""
    program.start(FAILS, {variable: "1"})
    assert program.end().events == []
    assert (program.titles(), program.companions()) == ([], [])

    program.start(FAILS, {variable: "1", "TOCSIN__ENABLED": "true"})
    program.end()
    assert program.titles() == ["job failed"]


def test_a_failure_that_nobody_hears_of_is_logged_once(tmp_path: Path) -> None:
    """Without any channel the log says so, and what to type."""
    source = (
        f"import logging\nlogging.basicConfig(format='%(levelname)s %(name)s %(message)s')\n{PRELUDE}{FAILS}{FAILS}"
    )
    ended = wait(start(source, tmp_path, {}), tmp_path)

    said = "a run has failed and nobody is told, because no channel is configured; type `tocsin init`"
    assert ended.err == f"WARNING tocsin {said}\n"


def test_a_channel_that_cannot_be_used_is_one_warning_of_the_program(program: Program) -> None:
    """A mistake that only the engine can see is logged in the program, once, and the program goes on."""
    source = 'import logging\nlogging.basicConfig(format="%(name)s: %(message)s")\n' + FAILS + FAILS
    program.start(source, {"TOCSIN__CHANNELS__BAD__TYPE": "slack"})
    ended = program.end()

    assert ended.code == 0
    assert ended.err.count("tocsin: ") == 1
    assert "tocsin.channels.bad: " in ended.err
    assert "`tocsin config check` tells all" in ended.err
    assert program.titles() == ["job failed"]
