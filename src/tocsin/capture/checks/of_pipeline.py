"""All checks of a pipeline, wherever they are written, and how they are run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tocsin.capture.after_load import checks_folder
from tocsin.capture.checks.in_code import AskedCheck, checks_in_code
from tocsin.capture.checks.runner import Job, run_jobs
from tocsin.capture.checks.sql_files import read_sql_files
from tocsin.config.model import Config, Problem
from tocsin.core.check import CheckResult
from tocsin.core.run import Run

if TYPE_CHECKING:
    from dlt import Pipeline

#: Characters of an error that tell enough of it: some destinations repeat the whole query.
_LONGEST = 500
Redact = Callable[[str], str]
_log = logging.getLogger("tocsin")


def all_checks(config: Config) -> tuple[Sequence[AskedCheck], Sequence[Problem]]:
    """Return the checks of the configuration, the folder `checks/` and the code, and what is wrong with others.

    Of two with one name the later one counts, in this order.
    """
    in_files, problems = read_sql_files(checks_folder())
    in_code, left_out = checks_in_code()
    in_config = [problem for problem in config.problems if problem.key.startswith("tocsin.checks")]
    written = [AskedCheck(check=check) for check in (*config.checks, *in_files)]
    checks = {(one.check.pipeline, one.check.name): one for one in (*written, *in_code)}
    return tuple(checks.values()), (*in_config, *problems, *left_out)


def checks_of(config: Config, pipeline: str) -> Sequence[AskedCheck]:
    """Return the checks of one pipeline; the logger warns of files that hold none."""
    checks, problems = all_checks(config)
    for problem in problems:
        _log.warning("%s", problem)
    return [one for one in checks if one.check.pipeline == pipeline]


def run_checks(
    checks: Sequence[AskedCheck],
    pipeline: Pipeline,
    config: Config,
    *,
    now: datetime,
    redact: Redact,
    run: Run | None = None,
    budget: timedelta | None = None,
) -> Iterator[CheckResult]:
    """Run checks of one pipeline, and yield their results as they come.

    Args:
        checks: What to run.
        pipeline: dlt's pipeline, whose destination is asked.
        config: The configuration.
        now: The present, aware.
        redact: Takes the secrets out of what is to be shown.
        run: The run that has loaded the data, if somebody waits for it.
        budget: The time for all of them; None for no limit but that of each.
    """
    blanks = [
        CheckResult(
            check=one.check,
            environment=config.environment,
            at=now,
            run_id=run.id if run is not None else None,
            logical_id=run.logical_id if run is not None else "",
        )
        for one in checks
    ]
    try:
        from tocsin.capture.checks.ask import Question
    except ImportError as error:
        # dlt brings sqlglot since its version 1.9.
        said = f'{error}; type: pip install "dlt-tocsin[checks]"'
        yield from (replace(blank, error=said) for blank in blanks)
        return
    jobs = [
        Job(
            blank=blank,
            ask=Question(
                blank=blank,
                destination=_destination(pipeline),
                redact=redact,
                load_ids=run.load_ids if run is not None else None,
                loaded={table.table for table in run.tables} if run is not None else None,
                write=partial(one.write, _dataset(pipeline)) if one.write is not None else None,
            ),
            timeout=one.check.timeout or config.check_timeout,
        )
        for one, blank in zip(checks, blanks, strict=True)
    ]
    for result in run_jobs(jobs, pipeline.sql_client, parallel=config.check_parallel, budget=budget):
        yield replace(result, error=redact(result.error)[:_LONGEST]) if result.error else result


def _dataset(pipeline: Pipeline) -> object:
    """Return dlt's view of what was loaded; older versions call it a private matter."""
    return getattr(pipeline, "dataset" if hasattr(pipeline, "dataset") else "_dataset")()


def _destination(pipeline: Pipeline) -> str:
    """Return the type of the destination: "postgres", however it is named."""
    kind = str(getattr(pipeline.destination, "destination_type", ""))
    return kind.rpartition(".")[2]
