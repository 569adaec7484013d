"""Has a table got unusually many or few rows?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tocsin.core.finding import Finding
from tocsin.core.rules.out_of_range import out_of_range
from tocsin.core.series import Measure

if TYPE_CHECKING:
    from tocsin.core.rules.data import Facts


def judge_volume(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each table whose load was unusual, or is as usual again."""
    return out_of_range(facts, (judged for key, judged in facts.judged.items() if key[0] is Measure.ROWS))
