"""Whether it means something that a table got nothing."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from statistics import median

from tocsin.core.detect import ENOUGH
from tocsin.core.season import Season, is_known, rhythm
from tocsin.core.series import Series

#: Runs without a row are usual from this share on.
_USUAL = 0.01
#: A table that gets this many rows does not miss them all by chance.
_SURE = 5
#: One that gets fewer has to get them this often in a row, or always the same number for half a season.
_OFTEN, _SAME = 100, 10
#: As often a weekday, or an hour, has to be known before it counts by itself.
_TIMES = 3


def is_unusual(series: Series, at: datetime) -> bool:
    """Return whether a table that got nothing at a moment usually gets something then.

    It does where it always does, or on all of these weekdays (or at this hour), while it never does on others.

    Args:
        series: What was known before that moment.
        at: When the run began that brought nothing.
    """
    known = [point for point in series.points if point.left_out is None]
    accepted = series.level_since
    if accepted is not None and any(not point.value for point in known if point.at >= accepted):
        return False
    filled = [point.value for point in known if point.value]
    if len(filled) < ENOUGH:
        return False
    found = rhythm([point.at for point in known])
    if found.season is Season.DAY and not is_known(found, [point.at for point in known], at):
        return False
    sure = median(filled) >= _SURE or len(filled) >= _OFTEN or (len(filled) >= _SAME and len(set(filled)) == 1)
    if len(known) - len(filled) <= _USUAL * len(known):
        return sure
    season = found.season
    parts: defaultdict[int, list[bool]] = defaultdict(list)
    for point in known:
        parts[season.part(point.at)].append(bool(point.value))
    mixed = sum(len(part) for part in parts.values() if any(part) and not all(part))
    here = parts[season.part(at)]
    return sure and len(here) >= _TIMES and all(here) and mixed <= _USUAL * len(known)
