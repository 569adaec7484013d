"""What alerts about volume and duration say, as it was looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from made import NOON, good_run
from made_series import judge_all, series, weekly
from tocsin.channels.formats.text import text
from tocsin.core.alert import advance
from tocsin.core.compose import Surroundings, compose
from tocsin.core.limits import Limits, RowLimits
from tocsin.core.message import Message
from tocsin.core.notify import Reason
from tocsin.core.rules.data import Facts
from tocsin.core.rules.duration import judge_duration
from tocsin.core.rules.volume import judge_volume
from tocsin.core.series import Measure, Series

_RUN = good_run("3f2a9c1d77", started_at=NOON, ended_at=NOON + timedelta(minutes=4))


def said(brought: Series, *, limits: Limits | None = None) -> Message:
    """Return what is said when the last value has come."""
    judged = judge_all(brought, limits=limits)[-1]
    facts = Facts(run=_RUN, now=NOON, open_alerts={}, judged={brought.key: judged})
    [found] = [*judge_volume(facts), *judge_duration(facts)]
    alert, _ = advance(None, found, new_id="alert1")
    assert alert is not None
    return compose(alert, Reason.NEW, Surroundings(run=_RUN, owner="data-team"))


def taking(*seconds: float) -> Series:
    """Return how long the loads of a month took, and the last ones."""
    usual = [float(480 + 20 * (day % 5)) for day in range(28)]
    return series([*usual, *seconds], measure=Measure.SECONDS, item="load")


_ROWS = weekly(29)[:-1]
_AT_MOST = Limits(rows={"items": RowLimits(most=100)})
SCENES: dict[str, Message] = {
    "volume_nothing": said(series([*_ROWS, 0.0])),
    "volume_low": said(series([*_ROWS, 412.0])),
    "volume_high_again": said(series([*weekly(30)[:-2], 5_204_110.0, 5_311_020.0])),
    "volume_of_few_runs": said(series([980.0, 1000.0, 1040.0, 1010.0, 0.0])),
    "volume_over_its_limit": said(series([50.0, 60.0, 412.0]), limits=_AT_MOST),
    "volume_by_the_hour": said(series([*[1000.0] * 100, 0.0], every=timedelta(hours=1))),
    "duration_long": said(taking(2460.0)),
}


@pytest.mark.parametrize("name", SCENES)
def test_what_an_alert_about_volume_says(name: str, same_as_golden: Callable[[str, str], None]) -> None:
    """The range, what it was learned from and how, the same weekdays, and a drawing."""
    same_as_golden(f"alerts/{name}.txt", text(SCENES[name]))
