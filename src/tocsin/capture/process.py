"""Who a process is, and whether it is gone."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

from tocsin.core.run import Process


def this_process() -> Process:
    """Return the identity of the calling process."""
    pid = os.getpid()
    return Process(pid=pid, start_ticks=_start_ticks(pid), machine=machine())


def is_gone(process: Process) -> bool:
    """Whether it is certain that the process has ended.

    A process of another machine or container is never certain: only its missing heartbeat tells.
    """
    if process.machine != machine():
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return process.start_ticks is not None and _start_ticks(process.pid) != process.start_ticks


def is_alive(process: Process) -> bool:
    """Whether it is certain that the process has not ended."""
    return (
        process.machine == machine()
        and process.start_ticks is not None
        and _start_ticks(process.pid) == process.start_ticks
    )


@cache
def machine() -> str:
    """Return what pids are relative to: the boot of the kernel and the pid namespace, or else the host's name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _start_ticks(pid: int) -> int | None:
    """Return when the kernel started `pid`, in ticks since boot (proc(5), field 22 of stat).

    None where the system does not tell, and for a zombie: it has ended, although its pid is still taken.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command name is in parentheses and may hold anything, parentheses and spaces included.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else int(fields[18])
