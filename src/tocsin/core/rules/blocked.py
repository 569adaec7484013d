"""Is it the same load package that one run after the other does not get past?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from shlex import quote

from tocsin.core.finding import Finding
from tocsin.core.run import Run
from tocsin.core.words import count, listing, moment


def say_blocked(finding: Finding, run: Run, earlier: Iterable[Run]) -> Finding:
    """Return the finding about a bad run, and in it since when the packages block new data that block it still.

    Args:
        finding: What the end of the run means.
        run: The run.
        earlier: The runs of the pipeline before it, newest first.
    """
    stuck = set(run.pending_packages)
    blocked = [run]
    for one in earlier:
        if not (still := stuck & set(one.pending_packages)):
            break
        stuck = still
        blocked.append(one)
    runs = {one.logical_id or one.id for one in blocked}
    if len(runs) == 1:
        return finding
    first = blocked[-1]
    packages = listing(sorted(stuck), most=3)
    said = (
        f"load package {packages} is pending since {moment(first.ended_at or first.started_at)}, and "
        f"{count(len(runs), 'run')} have not got past it: nothing new was extracted since"
    )
    return replace(finding, evidence={**finding.evidence, "Blocked by": said}, hint=_with_way_out(finding.hint, run))


def _with_way_out(hint: str, run: Run) -> str:
    """Return the hint with the command that gives packages up, unless it names that already."""
    name = quote(run.pipeline)
    if f"dlt pipeline {name} abort-packages" in hint or f"dlt pipeline {name} drop-pending-packages" in hint:
        return hint
    way_out = (
        "No run extracts anything new before the package is loaded or given up. To give it up, and its rows with it: "
        f"dlt pipeline {name} abort-packages (drop-pending-packages in older versions of dlt)."
    )
    return f"{hint} {way_out}".strip()
