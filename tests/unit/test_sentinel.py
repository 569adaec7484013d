"""What ended a process, read from beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tocsin.capture.process import machine
from tocsin.core.run import Process
from tocsin.engine.sentinel import Sentinel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what ended a process is known on Linux")


@contextmanager
def _process() -> Iterator[tuple[subprocess.Popen[bytes], Process]]:
    """Run a process that ends with the exit code that it reads; nobody asks how it ended before the block is left."""
    with subprocess.Popen(
        [sys.executable, "-c", "import os, sys; os._exit(int(sys.stdin.read()))"], stdin=subprocess.PIPE
    ) as child:
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        yield child, Process(pid=child.pid, start_ticks=int(fields[19]), machine=machine())
        child.kill()


def _end(child: subprocess.Popen[bytes], code: int | None) -> None:
    """End a process by an exit code, or else by SIGKILL, and wait for it without asking how."""
    if code is None:
        child.kill()
    else:
        assert child.stdin
        child.stdin.write(b"%d" % code)
        child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)


def _without_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a system without descriptors of processes, as macOS and old kernels are."""
    monkeypatch.delattr(os, "pidfd_open")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (None, "SIGKILL"),
        (3, "exit code 3"),
        # The kernel shows 0 also to those who may not know.
        (0, None),
    ],
)
def test_status_that_nobody_has_asked_for(monkeypatch: pytest.MonkeyPatch, code: int | None, told: str | None) -> None:
    """Without a descriptor the status is read while the parent has not asked for it."""
    _without_descriptors(monkeypatch)
    with _process() as (child, process):
        sentinel = Sentinel(process)
        _end(child, code)
        assert sentinel.ended_by(process) == told


def test_status_that_was_seen_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A status that could be read once is remembered."""
    _without_descriptors(monkeypatch)
    with _process() as (child, process):
        sentinel = Sentinel(process)
        sentinel.look()
        _end(child, None)
        sentinel.look()
    assert sentinel.ended_by(process) == "SIGKILL"


def test_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the status cannot be read any more nothing is said, and nothing of a process that lives."""
    _without_descriptors(monkeypatch)
    with _process() as (child, process):
        sentinel = Sentinel(process)
        assert sentinel.ended_by(process) is None
        _end(child, 3)
    assert sentinel.ended_by(process) is None


def test_pid_of_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has the pid of the process and was started at another time is another process."""
    _without_descriptors(monkeypatch)
    with _process() as (child, process):
        earlier = replace(process, start_ticks=1)
        sentinel = Sentinel(earlier)
        _end(child, 3)
        assert sentinel.ended_by(earlier) is None
        assert sentinel.ended_by(process) is None


def _counter(path: Path, kills: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"low 0\nmax 7\noom {kills + 1}\noom_kill {kills}\n")


@pytest.mark.parametrize(
    ("cgroup", "counter"),
    [
        ("0::/system.slice/orders.service", "system.slice/orders.service/memory.events"),
        # A container sees its own group as the root.
        ("0::/", "memory.events"),
        # The group's name is that outside of the container, and what is mounted is the group.
        ("4:memory:/docker/5f3a\n0::/", "memory/memory.oom_control"),
        ("11:pids:/a\n9:cpu,memory:/a", "memory/a/memory.oom_control"),
    ],
)
@pytest.mark.parametrize(
    ("status", "kills", "told"),
    [
        # Killed, and the kernel has killed for memory.
        (signal.SIGKILL, 3, "out of memory (the kernel's OOM counter rose from 2 to 3)"),
        # How it ended is not known; the kernel's kill is the best explanation.
        (0, 4, "out of memory (the kernel's OOM counter rose from 2 to 4)"),
        # Killed by somebody else.
        (signal.SIGKILL, 2, "SIGKILL"),
        # Another process of the group was killed; this one ended by itself.
        (3 << 8, 3, "exit code 3"),
        (signal.SIGSEGV | 0x80, 2, "SIGSEGV"),
        # A real-time signal has no name of its own.
        (40, 2, "signal 40"),
        (0, 2, None),
    ],
)
def test_memory_that_ran_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cgroup: str,
    counter: str,
    status: int,
    kills: int,
    told: str | None,
) -> None:
    """A kill counts as one for want of memory where the kernel's own counter of the process's group has risen."""
    _without_descriptors(monkeypatch)
    process = Process(pid=77, start_ticks=5, machine="here")
    proc = tmp_path / "proc"
    (proc / "77").mkdir(parents=True)
    (proc / "77" / "cgroup").write_text(f"{cgroup}\n")
    _counter(tmp_path / "cgroup" / counter, 2)
    sentinel = Sentinel(process, proc=proc, cgroups=tmp_path / "cgroup")

    _counter(tmp_path / "cgroup" / counter, kills)
    (proc / "77" / "stat").write_text(f"77 (a (b) c) Z {'0 ' * 18}5 {'0 ' * 29}{status}\n")

    assert sentinel.ended_by(process) == told
