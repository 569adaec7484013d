"""Who a process is, and whether it lives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tocsin.capture import process
from tocsin.capture.process import is_alive, is_gone, this_process
from tocsin.core.run import Process


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that lives until its input is closed."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as made:
        yield made
        made.kill()


def identity(pid: int) -> Process:
    """Return the identity of another process of this machine."""
    return replace(this_process(), pid=pid, start_ticks=process._start_ticks(pid))


def test_this_process_lives() -> None:
    """A process knows itself, and twice the same."""
    assert this_process() == this_process()
    assert this_process().pid == os.getpid()
    assert (is_alive(this_process()), is_gone(this_process())) == (True, False)


def test_a_process_that_ended_is_gone_even_before_its_parent_has_asked(child: subprocess.Popen[bytes]) -> None:
    """A zombie keeps its pid and does nothing any more."""
    known = identity(child.pid)
    assert (is_alive(known), is_gone(known)) == (True, False)

    child.kill()
    until = time.monotonic() + 30
    while not is_gone(known):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not is_alive(known)
    assert child.wait() != 0
    assert (is_alive(known), is_gone(known)) == (False, True)


def test_a_pid_that_was_taken_by_another_process_is_another_process() -> None:
    """The same pid with another start is not the process that was meant."""
    earlier = replace(this_process(), start_ticks=1)

    assert (is_alive(earlier), is_gone(earlier)) == (False, True)


@pytest.mark.parametrize(
    "unknown",
    [
        # Another machine or container: the pid means something else there.
        replace(this_process(), machine="elsewhere"),
        replace(this_process(), machine="elsewhere", pid=2**22 + 1),
        # A system that does not tell when a process started: its pid may have been taken over.
        replace(this_process(), start_ticks=None),
    ],
)
def test_what_is_not_certain_is_neither(unknown: Process) -> None:
    """Without certainty only the missing sign of life tells."""
    assert (is_alive(unknown), is_gone(unknown)) == (False, False)


def test_a_strange_name_is_no_obstacle(
    child: subprocess.Popen[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The name of a program may hold spaces and parentheses, between which the system puts it."""
    program = tmp_path_factory.mktemp("p") / "a) R 1 (b"
    program.symlink_to(sys.executable)
    with subprocess.Popen([program, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as other:
        strange = process._start_ticks(other.pid)
        other.kill()
    usual = process._start_ticks(child.pid)

    assert strange is not None
    assert usual is not None
    assert abs(strange - usual) < 100 * 3600


def test_machines_differ_by_boot_and_container() -> None:
    """A pid is relative to the boot of the kernel and to the namespace."""
    boot, _, namespace = process.machine().partition("/")

    assert len(boot) == 36
    assert namespace.startswith("pid:[")
