"""Has a run, or one of its steps, taken unusually long?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tocsin.core.finding import Finding
from tocsin.core.rules.out_of_range import out_of_range
from tocsin.core.series import Measure

if TYPE_CHECKING:
    from tocsin.core.rules.data import Facts


def judge_duration(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each step that took unusually long, or takes as long as usual again.

    The whole run is told only where no step says why it took so long.
    """
    steps = {item: judged for (measure, item), judged in facts.judged.items() if measure is Measure.SECONDS}
    whole = steps.pop("", None)
    explained = any(judged.why is not None for judged in steps.values())
    unusual = whole is not None and whole.why is not None
    return out_of_range(facts, [*steps.values(), *([whole] if whole and not (unusual and explained) else [])])
