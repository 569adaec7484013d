"""Runs whose process has certainly ended, and who is to tell that."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.capture.process import is_gone
from tocsin.config.model import Config
from tocsin.core.run import Process, Run

#: For so long after its last sign of life the end of a process is left to its companion.
_LEFT_TO_COMPANION = timedelta(seconds=15)


def silence_limit(config: Config, run: Run) -> timedelta:
    """Return for how long a run may give no sign of life before it is taken for dead."""
    return config.pipeline(run.pipeline).died_after or run.context.died_after or config.died_after


def is_ours_to_end(run: Run, *, companion_of: Process | None, config: Config, now: datetime) -> bool:
    """Whether the process of a run has certainly ended, and it is for us to tell.

    What has ended a process is known to its companion only, which sees the end at once. Whoever tells it first takes
    that away from the message.

    Args:
        run: What is known of it last.
        companion_of: The process beside which we work, if we are a companion.
        config: Says whether processes have companions.
        now: The present.
    """
    if run.process is None:
        return False
    alone = companion_of == run.process or config.handover != "spawn"
    if not alone and now - run.heard_at < _LEFT_TO_COMPANION:
        return False
    return is_gone(run.process)
