"""A run as a check-in of a cron monitor of Sentry, with the schedule that the monitor is made of."""

from __future__ import annotations

import hashlib
import math
import re
from datetime import timedelta

from tocsin.channels.formats.sentry_run import environment_of, id_of, trace_of
from tocsin.core.feed import News
from tocsin.core.run import Outcome, Run
from tocsin.core.schedule import Schedule
from tocsin.core.schedules.every import read_every

#: Characters of a monitor's name, and minutes that it takes for a margin: 28 days.
_SLUG, _MOST_MINUTES = 50, 40_320
_MINUTE = timedelta(minutes=1)
#: In units of minutes; Sentry counts in the largest that fits.
_UNITS = (("week", 10_080), ("day", 1_440), ("hour", 60), ("minute", 1))


def check_in(news: News, *, plain: bool = False, release: str = "") -> dict[str, object]:
    """Return the check-in (https://develop.sentry.dev/sdk/telemetry/check-ins).

    Start and end of a run have the same id. With `plain` the monitor is left as it is.
    """
    run = news.run
    made: dict[str, object] = {
        "check_in_id": id_of("check-in", run.id),
        "monitor_slug": slug(run.pipeline),
        "status": _status(run),
        "environment": environment_of(run.environment),
        "contexts": {"trace": {"trace_id": trace_of(run)["trace_id"]}},
    }
    if release:
        made["release"] = release
    if run.duration is not None:
        made["duration"] = run.duration.total_seconds()
    if not plain and news.schedule is not None and (schedule := _schedule(news.schedule)) is not None:
        made["monitor_config"] = {
            "schedule": schedule,
            "timezone": news.schedule.timezone,
            "checkin_margin": _minutes(news.start_within or _MINUTE),
            # Sentry's own default is 30 minutes, which nobody has asked for.
            "max_runtime": _minutes(news.finish_within) if news.finish_within is not None else _MOST_MINUTES,
        }
    return made


def slug(pipeline: str) -> str:
    """Return the name of a pipeline's monitor; where it has to differ from the pipeline's, a hash keeps it unique."""
    made = re.sub(r"[^a-z0-9_-]+", "-", pipeline.lower()).strip("-")
    if made and made == pipeline and not made.isdigit() and len(made) <= _SLUG:
        return made
    digest = hashlib.sha256(pipeline.encode(errors="replace")).hexdigest()[:6]
    return f"{made[: _SLUG - len(digest) - 1] or 'pipeline'}-{digest}"


def _status(run: Run) -> str:
    if run.outcome is Outcome.RUNNING:
        return "in_progress"
    return "ok" if run.outcome.ok else "error"


def _schedule(schedule: Schedule) -> dict[str, object] | None:
    """Return a schedule as a monitor knows it; None for calendar events, which it does not know."""
    first, *_ = words = schedule.text.lower().split() or [""]
    if first == "every":
        interval = math.ceil(read_every(schedule.text) / _MINUTE)
        unit, size = next((unit, size) for unit, size in _UNITS if interval % size == 0)
        return {"type": "interval", "value": interval // size, "unit": unit}
    if first.startswith("@") or len(words) == 5:  # noqa: PLR2004  # the fields of a cron line
        # Of the names of schedules Sentry does not know this one.
        return {"type": "crontab", "value": "@daily" if first == "@midnight" else schedule.text}
    return None


def _minutes(length: timedelta) -> int:
    return min(max(math.ceil(length / _MINUTE), 1), _MOST_MINUTES)
