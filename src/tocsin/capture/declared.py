"""What a pipeline's own settings say of it, for a server that does not have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tocsin.config.model import Config
from tocsin.core.run import IN_SETTINGS, DeclaredSchedule, Run

#: Where nothing but `tocsin tick` sends, a sign of life may be as old as the time between two of them.
_BY_CRON = timedelta(minutes=3)


def declare(config: Config, run: Run) -> Run:
    """Return a run that carries its owner, its schedule and its `died_after`, as they are configured where it runs.

    A schedule in the settings goes before one in the code. Where there is neither, that is said too: a server forgets
    a schedule only when whoever declared it takes it back.
    """
    pipeline = config.pipeline(run.pipeline)
    own = DeclaredSchedule(source=IN_SETTINGS)
    if pipeline.schedule is not None:
        own = replace(
            own,
            text=pipeline.schedule.text,
            timezone=pipeline.schedule.timezone,
            start_within=pipeline.start_within,
            finish_within=pipeline.finish_within,
        )
    schedule = own if own.text else run.schedule or own
    died_after = pipeline.died_after or config.died_after
    if config.handover == "none":
        died_after = max(died_after, _BY_CRON)
    context = replace(run.context, owner=pipeline.owner or run.context.owner, died_after=died_after)
    return replace(run, schedule=schedule, context=context)
