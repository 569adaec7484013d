"""What ended a process, seen from beside it: only its parent is told, and that is not us.

Three things can be known on Linux without any privilege. Since Linux 6.15 a descriptor that was opened while the
process lived tells its exit status for good (PIDFD_GET_INFO with PIDFD_INFO_EXIT in linux/pidfd.h). On older kernels
/proc shows the status until the parent has asked for it, which most parents do at once. And the control group counts
how often the kernel killed a process of it because memory had run out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
from pathlib import Path

from tocsin.capture.oom import OomCounter
from tocsin.core.run import Process

#: struct pidfd_info in its first version of 64 bytes: mask, cgroupid, eleven identifiers, exit_code.
_INFO = struct.Struct("=QQ11Ii")
#: _IOWR(0xFF, 11, struct pidfd_info)
_GET_INFO = 0xC040FF0B
_INFO_EXIT = 1 << 3


class Sentinel:
    """Watches one process from its start."""

    def __init__(
        self,
        process: Process,
        descriptor: int | None = None,
        *,
        proc: Path = Path("/proc"),
        cgroups: Path = Path("/sys/fs/cgroup"),
    ) -> None:
        """Open what can be read after the end, and remember what can be compared then.

        Args:
            process: A process of this machine.
            descriptor: A pidfd of it that it opened itself; it tells of its end also where that has come already.
            proc: Where the proc filesystem is mounted.
            cgroups: Where the control groups are mounted.
        """
        self._process = process
        self._stat = proc / str(process.pid) / "stat"
        self._status: int | None = None
        self._descriptor = descriptor
        if descriptor is None:
            # Not every system has it, and a sandbox may forbid it.
            with contextlib.suppress(AttributeError, OSError):
                self._descriptor = os.pidfd_open(process.pid)
        self._memory = OomCounter(process.pid, proc=proc, cgroups=cgroups)

    def look(self) -> None:
        """Read the exit status if it can be read now. To be called as soon as the process may be ending."""
        if self._status is None:
            self._status = _status_of_descriptor(self._descriptor) if self._descriptor is not None else None
        if self._status is None:
            self._status = _status_in_proc(self._stat, self._process)

    def ended_by(self, process: Process) -> str | None:
        """Return "SIGKILL", "exit code 3" or "out of memory (…)" if `process` is ours and that is known."""
        if process != self._process:
            return None
        self.look()
        killed = self._status is None or os.WTERMSIG(self._status) == signal.SIGKILL
        if killed and (said := self._memory.said()):
            return said
        return _describe(self._status) if self._status is not None else None


def _status_of_descriptor(descriptor: int) -> int | None:
    """Return the wait status once the parent has asked for it too."""
    info = bytearray(_INFO.size)
    struct.pack_into("=Q", info, 0, _INFO_EXIT)
    try:
        fcntl.ioctl(descriptor, _GET_INFO, info)
    except OSError:
        return None
    mask, *_, status = _INFO.unpack(info)
    return int(status) if mask & _INFO_EXIT else None


def _status_in_proc(stat: Path, process: Process) -> int | None:
    """Return the wait status of a process whose parent has not asked for it yet (proc(5), field 52 of stat).

    The kernel shows 0 also to those who may not know, so 0 says nothing.
    """
    try:
        # The command name is in parentheses and may hold anything, parentheses and spaces included.
        fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        started, status = int(fields[22 - 3]), int(fields[52 - 3])
    except (OSError, ValueError, IndexError):
        return None
    return status if status and process.start_ticks == started else None


def _describe(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"exit code {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
