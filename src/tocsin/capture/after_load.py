"""Runs the checks of a pipeline when it has loaded something; without any, it costs a look and no import."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.capture import providers
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.core.run import Run

if TYPE_CHECKING:
    from dlt import Pipeline

#: Knows the checks that the user's code has made; imported by `tocsin.check`.
_IN_CODE = "tocsin.capture.checks.in_code"


@quiet
def check_after_load(run: Run, pipeline: Pipeline) -> None:
    """Run the checks of the tables that a run has loaded, within the budget, and report what came of them."""
    config = recorder().config
    if not run.tables or not recorder().enabled or not config.pipeline(run.pipeline).enabled:
        return
    declared = any(check.pipeline == run.pipeline for check in config.checks)
    if declared or _IN_CODE in sys.modules or checks_folder().is_dir():
        from tocsin.capture.checks.of_pipeline import checks_of, run_checks  # see above

        loaded = {table.table for table in run.tables}
        checks = [one for one in checks_of(config, run.pipeline) if one.check.table in {"", *loaded}]
        found = run_checks(
            checks,
            pipeline,
            config,
            now=datetime.now(UTC),
            redact=recorder().redact,
            run=run,
            budget=config.check_budget,
        )
        if results := [result for result in found if result.asked]:
            recorder().checked(run, results)


def checks_folder() -> Path:
    """Return where files of checks stand in this project."""
    return providers.project_dir() / "checks"
