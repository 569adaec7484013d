"""A load package that one run after the other does not get past."""

from __future__ import annotations

from made import finding, run
from tocsin.core.rules.blocked import say_blocked
from tocsin.core.run import Run


def failed(name: str, *pending: str, ended: float) -> Run:
    """Return a run that failed, with what waited after it."""
    return run(name, ended=ended, pending_packages=pending)


def test_a_package_that_stays_is_named_with_the_way_out() -> None:
    """Since when, how many runs, and the command, on top of what is known of the failure."""
    earlier = [failed("r2", "17.5", "17.6", ended=60), failed("r1", "17.5", ended=30), failed("r0", ended=10)]
    said = say_blocked(finding(), failed("r3", "17.5", ended=90), earlier)
    assert said.evidence["Blocked by"] == (
        "load package 17.5 is pending since 23 Nov 2026 12:30:00 UTC, and 3 runs have not got past it: nothing new was "
        "extracted since"
    )
    assert said.hint == (
        "Run it again later. No run extracts anything new before the package is loaded or given up. To give it up, and "
        "its rows with it: dlt pipeline orders abort-packages (drop-pending-packages in older versions of dlt)."
    )


def test_a_package_of_this_run_blocks_nothing_yet() -> None:
    """Neither another package, nor attempts of the same run, nor a run without a package make it one that stays."""
    now = failed("r3", "17.7", ended=90)
    assert say_blocked(finding(), now, []) == finding()
    assert say_blocked(finding(), now, [failed("r2", "17.5", ended=60), failed("r1", "17.7", ended=30)]) == finding()
    attempt = run("r2", ended=60, pending_packages=("17.7",), logical_id="r3")
    assert say_blocked(finding(), now, [attempt]) == finding()


def test_the_command_is_told_once() -> None:
    """Where the cause has named it already, under whatever name dlt has for it."""
    for command in ("abort-packages", "drop-pending-packages"):
        known = finding(hint=f"To give it up: `dlt pipeline orders {command}`.")
        said = say_blocked(known, failed("r2", "17.5", ended=60), [failed("r1", "17.5", ended=30)])
        assert said.hint == known.hint
        assert "Blocked by" in said.evidence
