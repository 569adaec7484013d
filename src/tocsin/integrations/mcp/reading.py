"""The tools that read. Their names, descriptions and parameters are what a model sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias

from pydantic import Field

from tocsin.core.overview import Show
from tocsin.core.phrases import outcome, pipeline, why
from tocsin.core.run import Outcome, Run
from tocsin.documents.alerts import life_document, read_alert, read_life
from tocsin.documents.comparison import Compared, compare_runs
from tocsin.documents.elsewhere import kept_elsewhere
from tocsin.documents.named import find_named
from tocsin.documents.pipelines import pipeline_document
from tocsin.documents.run_log import read_log
from tocsin.documents.runs import run_document
from tocsin.errors import NotFound
from tocsin.integrations.mcp.answer import answer
from tocsin.integrations.mcp.desk import Desk
from tocsin.store.protocol import Transaction

#: Runs before one that are looked through for one that went well, and open alerts of its pipeline.
_AROUND, _ALERTS = 200, 10
_BAD = frozenset(one for one in Outcome if one.bad)

Tool: TypeAlias = Callable[..., dict[str, object]]
_Environment = Annotated[str | None, Field(description='Only of this environment, for example "prod".')]
_Limit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]


class Reading:
    """Answers questions, and changes nothing."""

    def __init__(self, desk: Desk) -> None:
        """Take where to work."""
        self._desk = desk

    @property
    def tools(self) -> Sequence[Tool]:
        """What a model can ask."""
        return self.unhealthy_pipelines, self.why_run_failed, self.open_alerts, self.show_alert

    def unhealthy_pipelines(self, environment: _Environment = None, limit: _Limit = 20) -> dict[str, object]:
        """List the data pipelines that have a problem now, the worst first.

        Each with its state (failed, late, stuck, not started, …), its last run, its open alerts with who was told, and
        when it should run next. Notices say what keeps Tocsin itself from seeing problems.
        """
        with self._desk.open() as engine, engine.store.reading() as tx:
            found = tx.worst_first(environment=environment, show=Show.PROBLEMS, limit=limit + 1)
            facts = {
                "pipelines": [pipeline_document(tx, one) for one in found[:limit]],
                "there_are_more": len(found) > limit,
                "pipelines_known": tx.census().total(environment),
            }
            return answer(facts, kept_elsewhere(engine.config), *self._desk.notices(engine, tx))

    def why_run_failed(
        self,
        run: Annotated[
            str,
            Field(description="The id of a run or its beginning, or the name of a pipeline for its last bad run."),
        ],
    ) -> dict[str, object]:
        """Explain why a run of a pipeline failed, died or loaded only a part.

        The root cause (error, step, resource, table, code location, whether it may go away by itself), what to do,
        links to its log and the end of it, what is different from the last run that went well, and the open alerts.
        """
        with self._desk.open() as engine, engine.store.reading() as tx:
            found, latest = _meant(tx, run)
            good = tx.neighbourhood(found, each=_AROUND).last_good
            good_run = tx.run(good.id) if good is not None else None
            alerts = tx.alerts(open_only=True, subject=found.pipeline, environment=found.environment, limit=_ALERTS)
            facts = {
                "in_short": _in_short(found),
                "run": run_document(found),
                "a_later_run": run_document(latest) if latest.id != found.id else None,
                "log": read_log(found, engine.config.home),
                "different_from_the_last_good_run": _different(found, good_run) if good_run is not None else None,
                "open_alerts": [read_alert(tx, alert) for alert in alerts],
            }
            return answer(facts, kept_elsewhere(engine.config))

    def open_alerts(self, environment: _Environment = None, limit: _Limit = 20) -> dict[str, object]:
        """List the open alerts, those seen last first: what, since when, how often, why, and who was told."""
        with self._desk.open() as engine, engine.store.reading() as tx:
            found = tx.alerts(open_only=True, environment=environment, limit=limit + 1)
            facts = {
                "alerts": [read_alert(tx, alert) for alert in found[:limit]],
                "there_are_more": len(found) > limit,
            }
            return answer(facts, kept_elsewhere(engine.config))

    def show_alert(
        self,
        alert: Annotated[
            str, Field(description="The id of an alert or its beginning, or the name of a pipeline for its open alert.")
        ],
    ) -> dict[str, object]:
        """Show one alert: its evidence, its runs, who was told or not and why, and what the receivers answered."""
        with self._desk.open() as engine, engine.store.reading() as tx:
            found, _ = find_named(tx, alert)
            if found is None:
                raise NotFound(f"no alert of {alert!r} is open, and no alert has an id that begins so: see open_alerts")
            return answer(life_document(tx, read_life(tx, found)), kept_elsewhere(engine.config))


def _in_short(run: Run) -> str:
    name = pipeline(run.pipeline, run.environment)
    return f"{name} {outcome(run)}" + (f": {reason}" if (reason := why(run)) else "")


def _meant(tx: Transaction, name: str) -> tuple[Run, Run]:
    """Return the run that is meant, and the latest of its pipeline where that was named.

    Raises:
        NotFound: There is none, or more than one is meant.
    """
    alert, run = find_named(tx, name)
    if run is None and alert is not None and alert.run_id is not None:
        run = tx.run(alert.run_id)
    if run is None:
        raise NotFound(f"no run of {name!r} is known; its alert says what was expected: see show_alert")
    if run.pipeline != name:
        return run, run
    bad = tx.runs(pipeline=name, environment=run.environment, outcomes=_BAD, limit=1)
    return next(iter(bad), run), run


def _different(run: Run, good: Run) -> dict[str, object]:
    found = compare_runs(run, good)
    return {
        "last_good_run": {"id": good.id, "started_at": good.started_at},
        "facts": _side_by_side(found.differ),
        "steps": _side_by_side(found.steps),
        "tables": _side_by_side([one for one in found.tables if one.differs or one.note]),
    }


def _side_by_side(compared: Sequence[Compared]) -> list[dict[str, str]]:
    return [
        {
            "what": one.name,
            "this_run": one.here,
            "last_good_run": one.there,
            "change": one.change,
            "schema": one.note,
        }
        for one in compared
    ]
