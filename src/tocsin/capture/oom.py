"""Whether the kernel has killed for want of memory: it counts that for each control group, for everybody to read."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tocsin.core.run import OUT_OF_MEMORY


class OomCounter:
    """The counter of the control group of one process, and what it said at first."""

    def __init__(self, pid: int, *, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> None:
        """Find the counter and read it; where there is none, nothing is ever said.

        Args:
            pid: A process of this machine that lives.
            proc: Where the proc filesystem is mounted.
            cgroups: Where the control groups are mounted.
        """
        self._counter = _counter(proc / str(pid) / "cgroup", cgroups)
        self._before = _kills(self._counter)

    def said(self) -> str | None:
        """Return "out of memory (the kernel's OOM counter rose from 2 to 3)" if it has risen since, else None."""
        kills = _kills(self._counter)
        if kills is None or self._before is None or kills <= self._before:
            return None
        return f"{OUT_OF_MEMORY} (the kernel's OOM counter rose from {self._before} to {kills})"


def _counter(cgroup: Path, mounted: Path) -> Path | None:
    """Return the file in which the kernel counts its kills for want of memory: of the process's own control group.

    cgroup(7) gives the path of the group. A container may see its own group as the root of what is mounted.
    """
    try:
        groups = [line.split(":", 2) for line in cgroup.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return None
    for _, controllers, path in groups:
        if controllers == "":
            root, name = mounted, "memory.events"
        elif "memory" in controllers.split(","):
            root, name = mounted / "memory", "memory.oom_control"
        else:
            continue
        for counter in (root / path.strip("/") / name, root / name):
            if _kills(counter) is not None:
                return counter
    return None


def _kills(counter: Path | None) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in counter.read_text(encoding="ascii").splitlines() if counter else ():
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return int(value)
    return None
