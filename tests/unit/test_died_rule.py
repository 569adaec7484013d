"""What is said of a process that ended without a word."""

from __future__ import annotations

import pytest

from made import run
from tocsin.core.rules.died import say_died
from tocsin.core.run import Context, Outcome, Stage

_PENDING = "The next run first loads what was left pending."


@pytest.mark.parametrize(
    ("stage", "ended_by", "said", "hinted"),
    [
        (Stage.EXTRACT, None, "the process ended without a word during extract", "container's log"),
        (Stage.LOAD, "SIGKILL", "the process was killed (SIGKILL) during load", "from outside"),
        (Stage.LOAD, "SIGSEGV", "the process crashed (SIGSEGV) during load", "PYTHONFAULTHANDLER=1"),
        (Stage.EXTRACT, "exit code 3", "the process ended with exit code 3 during extract, without a word", "_exit()"),
        (
            Stage.EXTRACT,
            "out of memory (the kernel's OOM counter rose from 0 to 1)",
            "the process ran out of memory during extract (the kernel's OOM counter rose from 0 to 1)",
            "data_writer.buffer_max_items",
        ),
        (Stage.NORMALIZE, "out of memory", "the process ran out of memory during normalize", "normalize.workers"),
        (Stage.LOAD, "out of memory", "the process ran out of memory during load", "data_writer.file_max_items"),
        # Before dlt's steps, and in other jobs, there are none of its settings.
        (Stage.SYNC, "out of memory", "the process ran out of memory during sync", "smaller batches"),
        (Stage.JOB, "out of memory", "the process ran out of memory", "smaller batches"),
        (Stage.JOB, "SIGTERM", "the process was killed (SIGTERM)", "scheduler's time limit"),
    ],
)
def test_end_is_told_by_what_is_known(stage: Stage, ended_by: str | None, said: str, hinted: str) -> None:
    """The sentence names what ended the process, and the hint says what helps against just that."""
    text, hint = say_died(run(outcome=Outcome.DIED, cause=None, stage=stage, ended_by=ended_by))

    assert text == said
    assert hinted in hint
    assert (_PENDING in hint) == (stage in {Stage.NORMALIZE, Stage.LOAD})


def test_of_a_job_that_pings_nothing_but_its_start_is_known() -> None:
    """The last ping may be what is missing, and a long run says more if it pings meanwhile."""
    text, hint = say_died(run(outcome=Outcome.DIED, cause=None, stage=Stage.JOB, context=Context(pinged=True)))

    assert text == "it pinged its start, and never how it ended"
    assert "or its last ping did not get here" in hint
    assert "let it ping /log meanwhile" in hint
