"""The rules that look at what a run has loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.core.alert import Alert
from tocsin.core.finding import Finding
from tocsin.core.judgement import Judgement
from tocsin.core.rules.duplicate import judge_duplicate
from tocsin.core.rules.duration import judge_duration
from tocsin.core.rules.schema import judge_schema
from tocsin.core.rules.volume import judge_volume
from tocsin.core.run import Run
from tocsin.core.series import Key, Series
from tocsin.core.severity import Severity


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a rule about data knows when a run has ended."""

    run: Run
    now: datetime
    #: Open alerts about the pipeline, by fingerprint: a rule says RECOVERED only where one of its own is open.
    open_alerts: Mapping[str, Alert]
    #: The run before that went well.
    before: Run | None = None
    #: What the runs of the pipeline have brought, this one included, by measure and item.
    series: Mapping[Key, Series] = field(default_factory=dict)
    #: What of that this run has brought, beside what was before.
    judged: Mapping[Key, Judgement] = field(default_factory=dict)
    #: How much new tables and columns matter; None where nobody asks what tables look like.
    schema_changes: Severity | None = Severity.INFO


DataRule = Callable[[Facts], Iterable[Finding]]
#: Every rule, each asked once a run that went well has ended.
DATA_RULES: tuple[DataRule, ...] = (judge_schema, judge_volume, judge_duration, judge_duplicate)
