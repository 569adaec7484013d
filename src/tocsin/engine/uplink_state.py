"""What the processes of one home know together about their server: when to try again, and how clocks differ."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from tocsin.capture.process import machine
from tocsin.core.clock_skew import ClockEstimate, better
from tocsin.core.codec import decode, encode
from tocsin.engine.server_client import Reply, Said

#: Seconds between attempts while a server does not answer, and while it answers that it wants nothing from us.
_SHORTEST = {Said.LATER: 1.0, Said.REFUSED: 30.0}
_LONGEST = {Said.LATER: 60.0, Said.REFUSED: 300.0}
#: No server can make us wait for longer; a time beyond that comes from a clock that was moved.
_MOST = timedelta(hours=1)
_log = logging.getLogger("tocsin")


@dataclass(frozen=True, kw_only=True)
class UplinkState:
    """One file a home. Whoever reads an older one tries once too often, and nothing else."""

    #: Stands for the server and the key: what was found out with others does not count.
    server: str = ""
    #: Attempts since something was taken.
    failures: int = 0
    #: When to try again.
    not_before: datetime | None = None
    #: What went wrong the last time, and since when nothing gets through.
    trouble: str = ""
    since: datetime | None = None
    #: By how much the clock of this machine is ahead, as far as that is known.
    clock: ClockEstimate | None = None
    #: The machine that `clock` is about.
    machine: str = ""

    def failed(self, reply: Reply, now: datetime) -> UplinkState:
        """Return the state after an attempt that failed."""
        failures = self.failures + 1
        longest = min(_SHORTEST[reply.said] * 2 ** min(failures - 1, 10), _LONGEST[reply.said])
        # Many homes must not come back all at once.
        wait = max(longest * random.uniform(0.5, 1), reply.wait or 0)  # noqa: S311  # no secret
        return replace(
            self,
            failures=failures,
            not_before=now + timedelta(seconds=wait),
            trouble=reply.why,
            since=self.since or now,
        )

    def worked(self) -> UplinkState:
        """Return the state after an attempt that went well."""
        return replace(self, failures=0, not_before=None, trouble="", since=None)

    def measured(self, reply: Reply) -> UplinkState:
        """Return the state with what an answer tells about our clock."""
        if reply.clock is None:
            return self
        return replace(self, clock=better(self.clock_here, reply.clock), machine=machine())

    def waits(self, now: datetime) -> timedelta:
        """Return for how long nothing may be tried."""
        left = self.not_before - now if self.not_before is not None else timedelta(0)
        return left if timedelta(0) < left <= _MOST else timedelta(0)

    @property
    def clock_here(self) -> ClockEstimate | None:
        """What is known about the clock of this machine: a home may lie on a disk of several."""
        return self.clock if self.machine == machine() else None

    def ahead(self, now: datetime) -> timedelta:
        """Return by how much our clock is ahead of the server's; zero where that is not known."""
        return self.clock_here.correction(now) if self.clock_here is not None else timedelta(0)


class StateFile:
    """Keeps the state in `HOME/uplink.json`."""

    def __init__(self, home: Path, server: str, api_key: str) -> None:
        """Name the file, and what it is about."""
        self._path = home / "uplink.json"
        self._server = hashlib.sha256(f"{server}\0{api_key}".encode(errors="replace")).hexdigest()[:16]

    def read(self) -> UplinkState:
        """Return the state; a new one where there is none, or it is about another server or key."""
        with contextlib.suppress(OSError, ValueError, RecursionError):
            state = decode(UplinkState, json.loads(self._path.read_bytes()))
            if state.server == self._server and _sound(state):
                return state
        return UplinkState(server=self._server)

    def write(self, state: UplinkState) -> None:
        """Keep the state; on a full disk each process knows only what it has found out by itself."""
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_text(json.dumps(encode(state)), encoding="utf-8")
            temporary.replace(self._path)
        except OSError as error:
            _log.debug("cannot write %s: %s", self._path, error)


def _sound(state: UplinkState) -> bool:
    """Whether its moments can be compared: the file may come from anybody's hands."""
    moments = [state.not_before, state.since, state.clock.at if state.clock is not None else None]
    return all(moment is None or moment.tzinfo is not None for moment in moments)
