"""`tocsin watch` as a real process: what it does, and how it begins, ends and survives."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli_project import TO_A_FILE, Project
from made import run
from receiver import Connection, Receiver, answer, receiving, silence
from tocsin.capture.process import this_process
from tocsin.core.run import Outcome, Process, Run
from typed_process import MAIN, TypedProcess, wait_until

#: Longer than any test takes: what happens has another cause than the next tick.
RARELY = ("watch", "--every", "1h")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project with a channel that works."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    monkeypatch.setenv("TOCSIN__HOME", str(made.home))
    monkeypatch.chdir(made.folder)
    made.configure(TO_A_FILE)
    return made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a webhook's receiver."""
    with receiving() as made:
        yield made


def failed(run_id: str = "run1", pipeline: str = "orders") -> Run:
    """Return a run that has failed right now."""
    now = datetime.now(UTC)
    return replace(run(run_id, pipeline=pipeline), started_at=now - timedelta(seconds=5), ended_at=now)


def running(run_id: str, process: Process) -> Run:
    """Return a run that goes on, and that has given a sign of life right now."""
    now = datetime.now(UTC)
    alive = replace(run(run_id), started_at=now, ended_at=None, outcome=Outcome.RUNNING, cause=None)
    return replace(alive, heartbeat_at=now, process=process)


def to_a_webhook(project: Project, receiver: Receiver) -> None:
    """Send to a webhook and to nobody else."""
    project.configure(f'[tocsin.channels.hook]\ntype = "webhook"\nurl = "{receiver.url}"\n')


def test_a_failed_run_is_told_long_before_the_next_tick(project: Project) -> None:
    """What a run reports is seen in the spool's directory, and not only when the interval is over."""
    with TypedProcess(*RARELY, folder=project.folder) as watch:
        watch.says(f"watching {project.home} every 1 h")
        project.report(failed())

        watch.says("1 event\n")
        watch.says("1 message sent\n")
        assert project.told() == ["orders failed"]


def test_a_message_is_tried_again_when_it_is_due(project: Project, receiver: Receiver) -> None:
    """A retry does not wait for the next tick."""
    to_a_webhook(project, receiver)
    receiver.answers(answer(503, retry_after="1"), answer(200))
    with TypedProcess(*RARELY, folder=project.folder) as watch:
        project.report(failed())

        watch.says("1 message sent")
        assert len(receiver.requests) == 2


def test_a_channel_that_hangs_delays_no_other(project: Project, receiver: Receiver) -> None:
    """While a receiver is silent, what runs report is taken in and told elsewhere."""
    project.configure(f'{TO_A_FILE}\n[tocsin.channels.hook]\ntype = "webhook"\nurl = "{receiver.url}"\n')
    receiver.answers(silence)
    with TypedProcess(*RARELY, folder=project.folder):
        project.report(failed("run1"))
        wait_until(lambda: receiver.requests, "the message that is never answered")
        project.report(failed("run2", "customers"))

        wait_until(lambda: project.told() == ["orders failed", "customers failed"], "both messages in the file")
        assert len(receiver.requests) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_is_being_sent(project: Project, receiver: Receiver, number: int) -> None:
    """The message in flight is finished, the next one is not begun, and the exit code is 0."""
    to_a_webhook(project, receiver)
    go_on = threading.Event()

    def slowly(connection: Connection) -> None:
        go_on.wait()
        answer(200)(connection)

    receiver.answers(slowly)
    project.report(failed("run1"), failed("run2", "customers"))
    with TypedProcess(*RARELY, folder=project.folder) as watch:
        wait_until(lambda: receiver.requests, "the first message")
        watch.signal(number)
        time.sleep(0.5)
        assert watch.process.poll() is None
        go_on.set()

        assert watch.end() == 0
        assert watch.out.decode().endswith(" ended\n")
        assert (watch.out.count(b"1 message sent"), len(receiver.requests), watch.err) == (1, 1, b"")


def test_a_receiver_that_never_answers_does_not_hold_up_the_end(project: Project, receiver: Receiver) -> None:
    """The grace is bounded, and it is said that the message will be sent again."""
    to_a_webhook(project, receiver)
    receiver.answers(silence)
    project.report(failed())
    main = f"from tocsin.engine import loop; loop._GRACE = 0.5; {MAIN}"
    with TypedProcess(*RARELY, folder=project.folder, main=main) as watch:
        wait_until(lambda: receiver.requests, "the message")
        watch.signal(signal.SIGTERM)

        assert watch.end() == 0
        assert watch.err == b"a message is still being sent; it will be sent again, with the same key\n"


def test_a_second_ctrl_c_ends_it_at_once(project: Project, receiver: Receiver) -> None:
    """A person need not wait for what is being sent; it is sent again later."""
    to_a_webhook(project, receiver)
    receiver.answers(silence)
    project.report(failed())
    with TypedProcess(*RARELY, folder=project.folder) as watch:
        wait_until(lambda: receiver.requests, "the message")
        # The second one counts once the first has been seen.
        while watch.process.poll() is None:
            watch.signal(signal.SIGINT)
            time.sleep(0.1)

        assert watch.end() == -signal.SIGINT


def test_a_terminal_that_is_closed_ends_it(project: Project) -> None:
    """SIGHUP from a terminal means that nobody is there any more, and not that the configuration has changed."""
    command = [sys.executable, "-c", MAIN, *RARELY]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project.folder)
        os.execv(command[0], command)  # noqa: S606  # this is the child
    shown = b""
    while b" watching " not in shown:
        shown += os.read(terminal, 4096)
    os.close(terminal)
    wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z", "the end")

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_second_watcher_stands_by_and_takes_over(project: Project) -> None:
    """Two watchers are safe, and the kernel frees the place of one that was killed."""
    with TypedProcess(*RARELY, folder=project.folder) as first:
        first.says("watching")
        wait_until((project.home / "engine.lock").exists, "the lock")
        with TypedProcess(*RARELY, folder=project.folder) as second:
            second.says(f"process {first.process.pid} watches {project.home} already: this one stands by")
            first.signal(signal.SIGKILL)
            second.says("the other watcher has ended: this one takes over")
            project.report(failed())

            second.says("1 message sent")


def test_a_watcher_that_stands_by_can_be_ended(project: Project) -> None:
    """Nobody has to wait for the other watcher."""
    with TypedProcess(*RARELY, folder=project.folder) as first, TypedProcess(*RARELY, folder=project.folder) as second:
        wait_until(lambda: b"stands by" in first.out + second.out, "one that stands by")
        idle = first if b"stands by" in first.out else second
        idle.signal(signal.SIGTERM)

        assert idle.end() == 0


def test_sighup_reads_the_configuration_again(project: Project) -> None:
    """A new channel is used by the same process, and messages that wait are not lost."""
    with TypedProcess(*RARELY, folder=project.folder) as watch:
        watch.says("watching")
        project.configure(TO_A_FILE.replace("alerts.jsonl", "others.jsonl"))
        watch.signal(signal.SIGHUP)
        watch.says("the configuration is read again")
        watch.says("watching", times=2)
        project.report(failed())

        watch.says("1 message sent")
        assert (project.folder / "others.jsonl").exists()
        assert watch.process.poll() is None


def test_a_store_that_fails_is_opened_again(project: Project) -> None:
    """It is said once, and when it is over; no event is lost meanwhile."""
    blocked = project.folder / "data"
    blocked.write_text("not a directory")
    project.configure(f'[tocsin]\nstore = "sqlite:///{blocked}/tocsin.db"\n{TO_A_FILE}')
    project.report(failed())
    with TypedProcess(*RARELY, folder=project.folder) as watch:
        watch.complains("cannot work: ")
        # The first rest is one second: it has tried again by then, and said nothing more.
        time.sleep(1.5)
        blocked.unlink()
        watch.complains("works again")
        watch.says("1 message sent")

        assert (watch.err.count(b"cannot work"), project.told()) == (1, ["orders failed"])


def test_a_home_that_cannot_be_written_is_said(project: Project) -> None:
    """Without a place for its lock and the spool there is nothing to watch."""
    project.home.write_text("not a directory")
    with TypedProcess(*RARELY, folder=project.folder) as watch:
        assert watch.end() == 1
        lock = project.home / "engine.lock"
        assert f"cannot open {lock} (".encode() in watch.err
        assert b"set TOCSIN__HOME to a directory that can be written" in watch.err


def test_a_process_that_was_killed_is_told_at_the_next_tick(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no companion runs, the watcher sees that the process of a run is gone."""
    monkeypatch.setenv("TOCSIN__HANDOVER", "none")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as pipeline:
        process = replace(this_process(), pid=pipeline.pid, start_ticks=None)
        project.spool.beat(running("run1", process), datetime.now(UTC))
        with TypedProcess("watch", "--every", "1s", folder=project.folder) as watch:
            watch.says("watching")
            pipeline.kill()
            pipeline.wait()

            watch.says("1 run died")
            watch.says("1 message sent")
            assert project.told() == ["orders died"]


def test_systemd_hears_when_it_is_ready_lives_and_ends(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of sd_notify arrive at the socket that systemd names, in their order."""
    address = str(project.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        with TypedProcess(*RARELY, folder=project.folder) as watch:
            heard = [systemd.recv(100), systemd.recv(100), systemd.recv(100)]
            watch.signal(signal.SIGTERM)
            assert watch.end() == 0
        systemd.settimeout(0)
        while heard[-1] != b"STOPPING=1":
            heard.append(systemd.recv(100))

    assert heard[:3] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_a_dead_mans_switch_hears_of_ticks_that_go_well(project: Project) -> None:
    """Healthchecks and the like take a GET; it comes after the first tick, and not again with each tick."""
    with receiving() as switch:
        project.configure(f'[tocsin]\nwatchdog_url = "{switch.url}"\n{TO_A_FILE}')
        with TypedProcess("watch", "--every", "1s", folder=project.folder) as watch:
            wait_until(lambda: switch.requests, "a ping")
            project.report(failed())
            watch.says("1 message sent")

        request = switch.last
        assert (len(switch.requests), request.method, request.target) == (1, "GET", "/services/T0/B0/s3cr3t-hook")


def test_a_dead_mans_switch_that_hangs_stops_nothing(project: Project) -> None:
    """A ping that is not answered is a warning, without the address that is a secret."""
    with receiving() as switch:
        switch.answers(answer(500))
        project.configure(f'[tocsin]\nwatchdog_url = "{switch.url}"\n{TO_A_FILE}')
        with TypedProcess(*RARELY, folder=project.folder) as watch:
            watch.complains("watchdog_url: ")
            project.report(failed())

            watch.says("1 message sent")
            assert b"s3cr3t" not in watch.err


def test_a_dead_mans_switch_hears_nothing_while_the_store_fails(project: Project) -> None:
    """Silence is the alarm: neither the loop nor the single tick pings after a tick that went wrong."""
    with receiving() as switch:
        store = f"sqlite:///{project.folder}/.dlt/config.toml/tocsin.db"
        project.configure(f'[tocsin]\nstore = "{store}"\nwatchdog_url = "{switch.url}"\n{TO_A_FILE}')
        with TypedProcess(*RARELY, folder=project.folder) as watch:
            watch.complains("cannot work: ")
        with TypedProcess("tick", folder=project.folder) as tick:
            assert tick.end() == 1

        assert switch.requests == []


def test_a_single_tick_pings_too(project: Project) -> None:
    """Cron can be watched from outside as well; a ping that fails is said, and the tick has done its work."""
    with receiving() as switch:
        switch.answers(answer(200), answer(404))
        project.configure(f'[tocsin]\nwatchdog_url = "{switch.url}"\n{TO_A_FILE}')
        ends = []
        for _ in range(2):
            with TypedProcess("tick", folder=project.folder) as tick:
                ends.append((tick.end(), tick.err.startswith(b"watchdog_url: ")))

    assert ends == [(0, False), (0, True)]


#: A clock that a test can move: the seconds to add stand in the file "step".
_MOVED = """
from datetime import timedelta
from pathlib import Path
from tocsin.cli import workplace
from tocsin.engine.clock import system_clock
workplace.clock = lambda: system_clock() + timedelta(seconds=float(Path("step").read_text() or 0))
"""


@pytest.mark.parametrize(("seconds", "way"), [(3600, "forward"), (-3600, "back")])
def test_a_clock_that_jumps_neither_stops_it_nor_makes_it_spin(project: Project, seconds: int, way: str) -> None:
    """It goes on at its pace, and a run of another machine is not taken for dead by the clock's doing."""
    step = project.folder / "step"
    step.write_text("0")
    project.spool.beat(running("run1", Process(pid=1, machine="elsewhere")), datetime.now(UTC))
    main = f"import sys; sys.modules['dlt'] = None\n{_MOVED}\n{MAIN}"
    with TypedProcess("watch", "--every", "1s", folder=project.folder, main=main) as watch:
        watch.says("watching")
        project.report(failed("run2", "customers"))
        watch.says("1 message sent")
        step.write_text(str(seconds))
        watch.complains(f"the clock has moved {way} by 1 h: what is silent or due is judged again in 1 min")
        before, started = _processor_time(watch), time.monotonic()
        project.report(failed("run3", "stock"))
        watch.says("1 message sent", times=2)
        time.sleep(2)
        worked = (_processor_time(watch) - before) / (time.monotonic() - started)

        assert project.told() == ["customers failed", "stock failed"]
        assert worked < 0.5
        watch.signal(signal.SIGTERM)
        assert watch.end() == 0


def test_quiet_says_nothing(project: Project) -> None:
    """Cron and containers can have silence."""
    with TypedProcess(*RARELY, "--quiet", folder=project.folder) as watch:
        project.report(failed())
        wait_until(project.told, "the message")
        watch.signal(signal.SIGTERM)

        assert (watch.end(), watch.out, watch.err) == (0, b"", b"")


def test_it_goes_on_where_nobody_reads_what_it_says(project: Project) -> None:
    """Whoever started it in a pipe may be gone long before it ends."""
    reads, writes = os.pipe()
    with TypedProcess(*RARELY, folder=project.folder, stdout=writes) as watch:
        os.close(writes)
        assert b" watching " in os.read(reads, 1000)
        os.close(reads)
        project.report(failed("run1"))
        wait_until(lambda: len(project.told()) == 1, "the first message")
        project.report(failed("run2", "customers"))
        wait_until(lambda: len(project.told()) == 2, "the second message")
        watch.signal(signal.SIGTERM)

        assert (watch.end(), watch.err) == (0, b"")


@pytest.mark.parametrize(
    ("every", "said"),
    [("soon", "not a length of time"), ("0.5s", "the shortest is 1s: what runs report is seen within a second")],
)
def test_an_interval_that_makes_no_sense_is_refused(project: Project, every: str, said: str) -> None:
    """The message says what to write."""
    with TypedProcess("watch", "--every", every, folder=project.folder) as watch:
        assert watch.end() == 2
        assert said.encode() in watch.err


def _processor_time(watch: TypedProcess) -> float:
    """Return the seconds that a process has worked."""
    fields = Path(f"/proc/{watch.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
