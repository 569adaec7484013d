"""`tocsin run`: the command notices nothing, and what it did is told."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest

from cli_project import TO_A_FILE, Project
from tocsin.core.alert import Alert
from tocsin.core.cause import CauseClass
from tocsin.core.run import Outcome, Run, Stage
from tocsin.store.sqlite import SqliteStore
from typed_process import MAIN, TypedProcess, wait_until

_SECRET = "hunter2-and-some-more"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project whose reports are handled at the end of the command."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    monkeypatch.setenv("TOCSIN__HOME", str(made.home))
    monkeypatch.setenv("TOCSIN__ENABLED", "true")
    monkeypatch.setenv("TOCSIN__HANDOVER", "inline")
    monkeypatch.setenv("TOCSIN__BUDGET", "60s")
    made.configure(TO_A_FILE)
    return made


def running(project: Project, *command: str, name: str = "job", main: str = MAIN, **options: object) -> TypedProcess:
    """Start `tocsin run`."""
    return TypedProcess("run", "--name", name, "--", *command, folder=project.folder, main=main, **options)


def the_run(project: Project) -> Run:
    """Return the only run."""
    with closing(SqliteStore(project.home / "tocsin.db")) as store, store.reading() as tx:
        [run] = tx.runs()
    return run


def the_alert(project: Project) -> Alert:
    """Return the only alert."""
    with closing(SqliteStore(project.home / "tocsin.db")) as store, store.reading() as tx:
        [alert] = tx.alerts()
    return alert


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_code_is_the_commands(project: Project, code: int) -> None:
    """Every exit code comes out as it came in, and decides what is told."""
    with running(project, "sh", "-c", f"exit {code}") as run:
        assert run.end() == code

    assert the_run(project).outcome is (Outcome.FAILED if code else Outcome.SUCCEEDED)
    assert project.told() == (["job failed"] if code else [])


@pytest.mark.parametrize(
    ("name", "outcome", "why"),
    [
        ("KILL", Outcome.DIED, "the process was killed (SIGKILL)"),
        ("SEGV", Outcome.DIED, "the process crashed (SIGSEGV)"),
        # Somebody asked it to end.
        ("TERM", Outcome.INTERRUPTED, "run was interrupted: the command was ended by SIGTERM"),
        ("INT", Outcome.INTERRUPTED, "run was interrupted: the command was ended by SIGINT"),
    ],
)
def test_a_command_that_a_signal_ends_ends_us_likewise(project: Project, name: str, outcome: Outcome, why: str) -> None:
    """Whoever started us sees the same signal as without us."""
    with running(project, "sh", "-c", f"kill -{name} $$") as run:
        assert run.end() == -getattr(signal, f"SIG{name}")

    told = the_run(project)
    assert (told.outcome, told.ended_by) == (outcome, f"SIG{name}" if outcome is Outcome.DIED else None)
    assert the_alert(project).summary == why


def test_streams_stay_apart_and_every_byte_arrives(project: Project) -> None:
    """Binary data of any size passes through unchanged."""
    script = "import os, sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data); os.write(2, data[:5000])"
    data = bytes(range(256)) * 8192
    with running(project, sys.executable, "-c", script, stdin=subprocess.PIPE) as run:
        assert run.process.stdin is not None
        run.process.stdin.write(data)
        run.process.stdin.close()

        assert run.end() == 0
        assert run.out == data
        assert run.err == data[:5000]


def test_streams_that_go_to_one_place_keep_their_order(project: Project) -> None:
    """As cron writes them with `2>&1`: line after line as they were written."""
    script = "for i in 1 2 3 4 5 6 7 8 9; do echo out$i; echo err$i >&2; done"
    with running(project, "sh", "-c", script, stderr=subprocess.STDOUT) as run:
        assert run.end() == 0

        assert run.out.decode().split() == [word for i in range(1, 10) for word in (f"out{i}", f"err{i}")]


def test_nothing_waits_for_the_end_of_a_line(project: Project) -> None:
    """A question is seen before it is answered."""
    with running(project, "sh", "-c", "printf ready?; read x; echo $x", stdin=subprocess.PIPE) as run:
        run.says("ready?")
        assert run.process.stdin is not None
        run.process.stdin.write(b"yes\n")
        run.process.stdin.close()

        assert run.end() == 0
        assert run.out == b"ready?yes\n"


def test_open_descriptors_are_inherited(project: Project) -> None:
    """What a shell opens for the command (3>file) is open in the command."""
    with (project.folder / "three").open("w") as file:
        number = file.fileno()
        script = f"import os; os.write({number}, b'kept')"
        with running(project, sys.executable, "-c", script, pass_fds=[number]) as run:
            assert run.end() == 0

    assert (project.folder / "three").read_text() == "kept"


def test_a_reader_that_goes_away_is_noticed_by_the_command(project: Project) -> None:
    """In `tocsin run -- yes | head -1` the command ends as it would without us."""
    reads, writes = os.pipe()
    with running(project, "yes", stdout=writes) as run:
        os.close(writes)
        assert os.read(reads, 2) == b"y\n"
        os.close(reads)

        assert run.end() == -signal.SIGPIPE


def test_output_that_cannot_be_written_does_not_end_the_command(project: Project) -> None:
    """With a full disk the command goes on."""
    with Path("/dev/full").open("w") as full, running(project, "sh", "-c", "echo lost; exit 4", stdout=full) as run:
        assert run.end() == 4


def test_what_the_command_leaves_running_can_go_on_writing(project: Project) -> None:
    """We end with the command, and what it has put into the background keeps its output."""
    out = project.folder / "out"
    script = "(while [ ! -e go ]; do sleep 0.1; done; echo later; echo and later) 2>/dev/null & echo now"
    with out.open("w") as file, running(project, "sh", "-c", script, stdout=file) as run:
        assert run.end() == 0
        assert out.read_text() == "now\n"
        (project.folder / "go").touch()

        wait_until(lambda: out.read_text() == "now\nlater\nand later\n", "what is written later")


@pytest.mark.parametrize(
    ("script", "code", "outcome"),
    [
        pytest.param("echo ready; sleep 100 & wait", -signal.SIGTERM, Outcome.INTERRUPTED, id="no handler"),
        pytest.param("trap 'exit 7' TERM; echo ready; sleep 100 & wait", 7, Outcome.FAILED, id="its own code"),
        pytest.param("trap 'exit 143' TERM; echo ready; sleep 100 & wait", 143, Outcome.INTERRUPTED, id="128 + 15"),
        pytest.param("trap 'exit 0' TERM; echo ready; sleep 100 & wait", 0, Outcome.SUCCEEDED, id="in good order"),
    ],
)
def test_a_signal_to_us_reaches_the_command(project: Project, script: str, code: int, outcome: Outcome) -> None:
    """The command decides what SIGTERM means, and its decision is what is told."""
    script = script.replace("sleep 100 & wait", "sleep 100 >/dev/null 2>&1 & echo $! >pid; echo ready; wait")
    with running(project, "sh", "-c", script) as run:
        run.says("ready", times=2)
        run.signal(signal.SIGTERM)

        assert run.end() == code
        os.kill(int((project.folder / "pid").read_text()), signal.SIGKILL)
    assert the_run(project).outcome is outcome


def test_signals_that_are_ignored_stay_ignored(project: Project) -> None:
    """`nohup tocsin run …` protects the command as `nohup` alone does."""
    with running(project, "sh", "-c", "kill -HUP $$; kill -HUP $PPID; echo alive", preexec_fn=_ignore_hangup) as run:
        assert run.end() == 0
        assert run.out == b"alive\n"


def test_a_terminal_is_the_commands_own(project: Project) -> None:
    """In a terminal the command sees a terminal, and Ctrl-C reaches it once."""
    script = (
        "import signal, sys, time\n"
        "times = []\n"
        "signal.signal(signal.SIGINT, lambda *_: times.append(1))\n"
        "print([stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], flush=True)\n"
        "while not times: time.sleep(0.05)\n"
        "time.sleep(1)\n"
        "print('interrupts:', len(times), flush=True)\n"
    )
    shown = ""
    command = [sys.executable, "-c", MAIN, "run", "--", sys.executable, "-c", script]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project.folder)
        os.execv(command[0], command)  # noqa: S606  # this is the child
    while "[True, True, True]" not in shown:
        shown += os.read(terminal, 4096).decode()
    os.write(terminal, b"\x03")
    while "interrupts: 1" not in shown:
        shown += os.read(terminal, 4096).decode()

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [("no-such-program", 127, "no-such-program: command not found"), ("./job.sh", 126, "./job.sh: Permission denied")],
)
def test_a_command_that_cannot_be_started_is_told(project: Project, command: str, code: int, said: str) -> None:
    """As in a shell: a line on stderr, and 127 or 126; and an alert."""
    (project.folder / "job.sh").touch(mode=0o600)
    with running(project, command) as run:
        assert (run.end(), run.out, run.err.decode()) == (code, b"", f"tocsin run: {said}\n")

    cause = the_run(project).cause
    assert cause is not None
    assert (cause.cause_class, cause.message) == (CauseClass.CONFIGURATION, said)
    assert project.told() == ["job failed"]


def test_a_failure_is_told_with_the_end_of_the_output(project: Project) -> None:
    """Cause, duration, command and log are there, and no secret."""
    script = f"echo fetching; sleep 1; echo 'ValueError: password={_SECRET} is wrong' >&2; exit 3"
    with running(project, "sh", "-c", script) as run:
        assert run.end() == 3

    told = the_run(project)
    assert (told.pipeline, told.stage, told.cause and told.cause.exception) == ("job", Stage.JOB, "exit code 3")
    assert told.cause is not None
    assert told.cause.message.startswith("ValueError: password=")
    assert told.cause.hint.startswith("Try it by hand: sh -c ")
    assert told.duration is not None
    assert told.duration.total_seconds() >= 1
    log = Path(told.context.log_path or "").read_text()
    assert log.startswith("stdout:\nfetching\n\nstderr:\nValueError: password=")
    everything = project.folder.glob("**/*")
    assert [path for path in everything if path.is_file() and _SECRET.encode() in path.read_bytes()] == []


def test_a_success_after_a_failure_ends_the_alert(project: Project) -> None:
    """The same command, an hour later."""
    for script in ("exit 1", "exit 0"):
        with running(project, "sh", "-c", script) as run:
            run.end()

    assert project.told()[0] == "job failed"
    assert project.told()[1].startswith("job recovered after")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (127, "Shells end like this where a command in a script cannot be started."),
        (137, "Shells end like this where SIGKILL has ended a command in a script."),
        (200, "Shells end like this where signal 72 has ended a command in a script."),
    ],
)
def test_what_shells_mean_by_their_codes_is_said(project: Project, code: int, said: str) -> None:
    """A number that only a shell's manual explains is explained."""
    with running(project, "sh", "-c", f"exit {code}") as run:
        assert run.end() == code

    cause = the_run(project).cause
    assert cause is not None
    assert cause.hint.startswith(said)


#: Where the memory of control groups of version 1 and 2 is managed, and what limits it without a way out.
_LIMITS = {
    Path("/sys/fs/cgroup/memory"): {"memory.limit_in_bytes": 200 << 20, "memory.swappiness": 0},
    Path("/sys/fs/cgroup"): {"memory.max": 200 << 20, "memory.swap.max": 0},
}


@pytest.fixture
def small_group() -> Iterator[Path]:
    """Give a control group with little memory, where this user can make one."""
    group = next(filter(None, (_made_group(mounted, limits) for mounted, limits in _LIMITS.items())), None)
    if group is None:
        pytest.skip("only who can make control groups can let one run out of memory")
    yield group
    group.rmdir()


def _made_group(mounted: Path, limits: Mapping[str, int]) -> Path | None:
    group = mounted / f"tocsin-test-{os.getpid()}"
    with suppress(OSError):
        group.mkdir()
        try:
            for name, limit in limits.items():
                # Where no control groups are mounted this is a folder like any other, without such a file.
                with (group / name).open("r+") as file:
                    file.write(str(limit))
        except OSError:
            group.rmdir()
        else:
            return group
    return None


def test_a_command_that_runs_out_of_memory_is_told_as_one(project: Project, small_group: Path) -> None:
    """The kernel kills the command for want of memory, and its counter says so."""
    into_the_group = f"import pathlib; pathlib.Path('{small_group}/cgroup.procs').write_text('0')"
    eat = "eaten = [b'x' * (1 << 20) for _ in range(400)]"
    with running(project, sys.executable, "-c", eat, main=f"{into_the_group}; {MAIN}") as run:
        assert run.end() == -signal.SIGKILL

    assert the_alert(project).summary.startswith("the process ran out of memory (the kernel's OOM counter rose from")


#: As `MAIN`, with the kernel's counters in a folder where the test can move them.
_WITH_COUNTERS = """
import functools, pathlib, sys
sys.modules["dlt"] = None
from tocsin.capture import command
command.OomCounter = functools.partial(command.OomCounter, cgroups=pathlib.Path("counters"))
from tocsin.cli.main import main
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux counts them")
@pytest.mark.parametrize(
    ("kills", "end", "told"),
    [
        (3, "kill -KILL $$", "the process ran out of memory (the kernel's OOM counter rose from 2 to 3)"),
        # Somebody else has killed it.
        (2, "kill -KILL $$", "the process was killed (SIGKILL)"),
        # The kernel has killed another process of the group.
        (3, "kill -SEGV $$", "the process crashed (SIGSEGV)"),
        # The kernel has killed a command of the script.
        (3, "exit 137", "It ran out of memory (the kernel's OOM counter rose from 2 to 3)."),
        (2, "exit 137", "SIGKILL has ended a command in a script."),
        (3, "exit 1", "Try it by hand"),
    ],
)
def test_a_command_that_the_kernel_has_killed_ran_out_of_memory(
    project: Project, kills: int, end: str, told: str
) -> None:
    """A kill counts as one for want of memory where the kernel's own counter has risen meanwhile."""
    # Where version 1 of control groups is mounted the kernel shows the second file, else the first.
    counters = [project.folder / "counters" / name for name in ("memory.events", "memory/memory.oom_control")]
    for counter in counters:
        counter.parent.mkdir(exist_ok=True)
        counter.write_text("oom 5\noom_kill 2\n")
    script = f"for counter in {' '.join(map(str, counters))}; do echo oom_kill {kills} > $counter; done; {end}"
    with running(project, "sh", "-c", script, main=_WITH_COUNTERS) as run:
        run.end()

    alert = the_alert(project)
    assert told in f"{alert.summary}. {alert.hint}"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("sys.modules['tocsin.capture.recorder'] = None", id="the recorder cannot be imported"),
        pytest.param("sys.modules['tocsin.capture.context'] = None", id="the context cannot be imported"),
        pytest.param("import os; os.environ['TOCSIN__HOME'] = '/dev/null/home'", id="nothing can be written"),
        pytest.param("import os; os.environ['TOCSIN__STORE'] = 'nonsense://'", id="there is no such store"),
        pytest.param("import os; os.environ['TOCSIN__ENABLED'] = 'false'", id="it is switched off"),
    ],
)
def test_the_command_runs_whatever_is_wrong_with_us(project: Project, broken: str) -> None:
    """Its output and its exit code are all that is seen."""
    with running(project, "sh", "-c", "echo done; exit 5", main=f"import sys; {broken}; {MAIN}") as run:
        assert (run.end(), run.out, run.err) == (5, b"done\n", b"")


def _ignore_hangup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
