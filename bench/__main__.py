"""Run all benchmarks and write what they say to bench/RESULTS.md.

    python bench                 all of them, with small numbers where there are large ones
    python bench --full          with the large ones too: some 20 GB and an hour
    python bench pages storm     only these; what is written of the others stays

Each benchmark is a script of its own, which prints one JSON object a line. Figures are compared within one run of a
script alone: another machine, or this one at another hour, is another ruler.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_RESULTS = _HERE / "RESULTS.md"
_PACKAGES = ("dlt", "duckdb", "fastapi", "uvicorn", "sqlalchemy", "psycopg", "procrastinate", "sentry-sdk")
_PROGRAMS = {"PostgreSQL": ("postgres", "--version"), "Alertmanager": ("prometheus-alertmanager", "--version")}
#: Debian keeps PostgreSQL's programs off the PATH.
_MORE_PLACES = Path("/usr/lib/postgresql")
#: What stands beside Tocsin, and where it comes from.
_PEERS = """
- **The documentation's Slack snippet**: what dlt's page on alerting shows, the run in a `try` and a message with the
  traceback by `requests` in the `except`, in the same process.
- **dlt's Sentry**: `runtime.sentry_dsn`, with sentry-sdk and a receiver on the loopback.
- **Alertmanager**: Debian's package, with the route that its documentation begins with (a group for all alerts of one
  name, `group_wait` 30 s), and with a message for each alert.
- **Elementary**: its documented formula with its documented defaults, calculated beside ours on the same series. The
  package itself needs a warehouse with dbt.
- **Median absolute deviation, percent**: the usual rules of thumb, on the same series.
"""
_ABOUT = """
Written by `make bench`. Compare figures within one run of one benchmark alone: elsewhere the machine is another one,
and where the load before a run was high, times are longer than they need be.
"""
#: What is wanted of a figure; not of each.
_WANTED = "wanted"
_BEGIN, _END = "<!-- {} -->", "<!-- end of {} -->"


def main() -> None:
    """Run what was asked for, and write the page after each, so that what was measured is kept."""
    scripts = {path.stem: path for path in sorted(_HERE.glob("*.py")) if not path.stem.startswith("_")}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*scripts, []], metavar="NAME", help=f"of: {', '.join(scripts)}")
    parser.add_argument("--full", action="store_true", help="with large numbers where there are any")
    given = parser.parse_args()
    parts = _written()
    failed = []
    for name in given.names or scripts:
        print(f"== {name}", flush=True)
        part = _run(scripts[name], full=given.full)
        if part is None:
            failed.append(name)
        else:
            parts[name] = part
            _RESULTS.write_text(_page(parts), encoding="utf-8")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; what is written of them is older")


def _run(script: Path, *, full: bool) -> str | None:
    """Return what is written of one benchmark; None where it has failed."""
    text = script.read_text(encoding="utf-8")
    large = ["--full"] if full and '"--full"' in text else []
    load, began, lines = os.getloadavg()[0], time.monotonic(), []
    with subprocess.Popen([sys.executable, script, *large], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        return None
    documented = re.match(r'"""(.*?)"""', text, re.DOTALL)
    about = documented[1].split("\n\n    ")[0].strip() if documented else ""
    command = " ".join(["python", f"bench/{script.name}", *large])
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {time.monotonic() - began:.0f} s, load {load:.1f} before it"
    # What a benchmark starts may have said more.
    said = [json.loads(line) for line in lines if line.startswith("{")]
    return "\n\n".join([f"## {script.stem.replace('_', ' ')}", about, f"`{command}` ({when})", *_tables(said)])


def _tables(said: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table for each stretch of lines that tell the same things, wanted or not."""
    for _, group in groupby(said, key=lambda line: [key for key in line if key != _WANTED]):
        lines = list(group)
        keys = list(dict.fromkeys(key for line in lines for key in line))
        # What is the same in all lines stands once, above them.
        same = {key for key in keys if key != _WANTED and len(lines) > 1 and len({str(one[key]) for one in lines}) == 1}
        head = ", ".join(f"{key}: {_cell(lines[0][key])}" for key in keys if key in same and lines[0][key] is not None)
        columns = [key for key in keys if key not in same]
        rows = [columns, ["---"] * len(columns), *([_cell(line.get(key)) for key in columns] for line in lines)]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        yield f"{head}\n\n{table}" if head else table


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_cell(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, bool | str) or value is None:
        return "" if value is None else str(value).replace("|", "\\|")
    return f"{value:,}"


def _written() -> dict[str, str]:
    """Return what the page says of each benchmark."""
    text = _RESULTS.read_text(encoding="utf-8") if _RESULTS.exists() else ""
    found = re.findall(r"^<!-- (\w+) -->\n(.*?)\n<!-- end of \1 -->", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def _page(parts: Mapping[str, str]) -> str:
    bodies = [f"{_BEGIN.format(name)}\n{parts[name]}\n{_END.format(name)}" for name in sorted(parts)]
    peers = f"## What stands beside Tocsin\n{_PEERS}".strip()
    return "\n\n".join(["# Results", _ABOUT.strip(), "\n".join(_machine()), peers, *bodies]) + "\n"


def _machine() -> Sequence[str]:
    cores, memory = os.cpu_count(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("dlt-tocsin", *_PACKAGES))
    programs = ", ".join(f"{name} {found}" for name, command in _PROGRAMS.items() if (found := _version_of(*command)))
    return (
        f"- Machine: {_processor()}, {cores} cores, {memory:.0f} GiB; {platform.system()} {platform.release()}",
        f"- Python {platform.python_version()}; {packages}",
        f"- {programs or 'neither PostgreSQL nor Alertmanager'}",
    )


def _processor() -> str:
    try:
        told = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        told = None
    return told[1] if told else platform.machine()


def _version_of(program: str, *arguments: str) -> str:
    """Return the version that a program says; empty where it is not there."""
    found = shutil.which(program) or max(map(str, _MORE_PLACES.glob(f"*/bin/{program}")), default=None)
    if found is None:
        return ""
    said = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    number = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return number[0] if number else ""


if __name__ == "__main__":
    main()
