"""Scripts that run dlt as users run it, in a process of their own, and what they leave behind."""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tocsin.core.codec import decode
from tocsin.core.run import Run

#: A script of dlt is over within seconds; a machine under load may take a while.
_PATIENCE = 120
#: What differs between two executions of one script: times, process ids, load ids, random ids, addresses.
_INCIDENTAL = re.compile(
    r"""
      ^\d{4}-\d\d-\d\d\ [\d:,]+\|.*?\|.*?(?=\|dlt\|)   # the head of a line that dlt logs
    | \b\d{10}\.\d{3,}\b                               # load ids
    | \b[0-9a-f]{10,}\b                                # ids of jobs and schemas
    | (?<=_dlt_id:\ )\S+                               # ids of rows
    | 0x[0-9a-f]+                                      # addresses
    | \d+(\.\d+)?\ (micro|milli)?seconds               # durations
    """,
    re.MULTILINE | re.VERBOSE,
)


def hide_tocsin(folder: Path) -> dict[str, str]:
    """Return the environment of a script without Tocsin: the plugin that dlt finds is an empty one.

    dlt's own switch for plugins will not do: old versions do not know it, others switch off parts of themselves.
    """
    package = folder / "hidden" / "tocsin"
    package.mkdir(parents=True)
    for name in ("__init__.py", "plugin.py"):
        (package / name).touch()
    return {"PYTHONPATH": str(package.parent)}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a script left behind."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def events(self) -> list[dict[str, Any]]:
        """The spooled events as they stand on disk, in their order."""
        return [json.loads(path.read_text()) for path in sorted((self.folder / "tocsin" / "spool").glob("*.json"))]

    @property
    def alive(self) -> list[Run]:
        """Runs that left a sign of life and no end."""
        files = (self.folder / "tocsin" / "spool" / "alive").glob("*.json")
        return [decode(Run, json.loads(path.read_text())["run"]) for path in files]

    def told(self, kind: str, pipeline: str | None = None) -> list[Run]:
        """The runs in events of one type, in the order in which they happened."""
        runs = [decode(Run, event["run"]) for event in self.events if event["type"] == kind]
        return [run for run in runs if pipeline in {None, run.pipeline}]

    def ended(self, pipeline: str | None = None) -> list[Run]:
        """The runs that ended."""
        return self.told("run.finished", pipeline)

    def only(self, pipeline: str | None = None) -> Run:
        """The one run that ended; fails if there are none or several."""
        [run] = self.ended(pipeline)
        return run

    def differences(self, other: Ended) -> str:
        """What a user sees differently: exit code, output and errors, without what differs from run to run."""
        return "\n".join(difflib.unified_diff(other._visible(), self._visible(), "without", "with", n=1, lineterm=""))

    def _visible(self) -> list[str]:
        seen = f"exit code {self.code}\n{self.out}\n{self.err}".replace(str(self.folder), "")
        return _INCIDENTAL.sub("…", seen).splitlines()


class RunScript(Protocol):
    """Runs a script with Tocsin, and the same script without it to compare."""

    def __call__(self, source: str, *, same: bool = True, **environment: str) -> Ended:
        """Return what the script left behind with Tocsin.

        Args:
            source: The script; indentation is removed.
            same: Whether exit code, output and errors have to be those of the script without Tocsin.
            environment: More variables for the script.
        """


def start(source: str, folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a script in a folder of its own, with nothing of the tests' environment."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.py").write_text(textwrap.dedent(source))
    return subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DLT_DATA_DIR": str(folder / "dlt"),
            "TOCSIN__HOME": str(folder / "tocsin"),
            "TOCSIN__HANDOVER": "none",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            # dlt prints sets, in the order of their hashes.
            "PYTHONHASHSEED": "0",
            # Old versions of dlt lose buffered output of programs that fork.
            "PYTHONUNBUFFERED": "1",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait(process: subprocess.Popen[str], folder: Path) -> Ended:
    """Wait for a script to end."""
    try:
        out, err = process.communicate(timeout=_PATIENCE)
    finally:
        process.kill()
    return Ended(code=process.returncode, out=out, err=err, folder=folder)
