"""Findings about values that are outside of their usual range, or inside of it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tocsin.core.finding import Finding, Kind, Topic, Trait, fingerprint
from tocsin.core.judgement import Judgement, Why
from tocsin.core.judgement_words import drawing, evidence, usual_text, value_text
from tocsin.core.run import Run, Stage
from tocsin.core.series import Measure
from tocsin.core.severity import Severity

if TYPE_CHECKING:
    from tocsin.core.rules.data import Facts

_OF = {Measure.ROWS: (Topic.VOLUME, Kind.VOLUME), Measure.SECONDS: (Topic.DURATION, Kind.DURATION)}
_CONFIGURED = {Why.TOO_FEW: "fewer than min_rows", Why.TOO_MANY: "more than max_rows"}


def out_of_range(facts: Facts, judgements: Iterable[Judgement]) -> Iterator[Finding]:
    """Yield a finding for each value that is unusual, and for each that is as usual again.

    The first unusual value is a warning. Nothing at all, what a configured limit forbids, and what follows another
    unusual value is an error.
    """
    for judged in judgements:
        item = judged.series.item
        topic, kind = _OF[judged.series.measure]
        if judged.why is not None:
            yield _finding(facts.run, judged, kind=kind)
        elif judged.settled and (
            fingerprint(topic, facts.run.environment, facts.run.pipeline, item) in facts.open_alerts
        ):
            yield _finding(facts.run, judged, kind=Kind.RECOVERED)


def _finding(run: Run, judged: Judgement, *, kind: Kind) -> Finding:
    why, item = judged.why, judged.series.item
    sure = judged.again or why not in {Why.LOW, Why.HIGH}
    rows = judged.series.measure is Measure.ROWS
    configured = _CONFIGURED.get(why) if why is not None else None
    name = f"{run.pipeline}.{item}" if item else run.pipeline
    return Finding(
        kind=kind,
        topic=_OF[judged.series.measure][0],
        subject=run.pipeline,
        environment=run.environment,
        item=item,
        severity=Severity.INFO if why is None else Severity.ERROR if sure else Severity.WARNING,
        at=run.ended_at or run.started_at,
        summary=_summary(judged, configured),
        hint=f"If this is the new normal, type: tocsin accept {name}" if why is not None and not configured else "",
        reason_key=why or "",
        stage=Stage.LOAD if rows else None,
        run_id=run.id,
        logical_id=run.logical_id,
        evidence=evidence(judged) if why is not None else {},
        code=drawing(judged) if why is not None else {},
        traits={Trait.TABLE: item} if rows else {},
    )


def _summary(judged: Judgement, configured: str | None) -> str:
    value = value_text(judged)
    if judged.series.measure is Measure.SECONDS:
        value = f"took {value}"
    beside = "taken as the new normal after three days" if judged.new_level else configured or usual_text(judged)
    return f"{value}, {beside}" if beside else value
