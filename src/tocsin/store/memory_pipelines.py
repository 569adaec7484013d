"""All pipelines at a glance, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from tocsin.core.alert import Alert
from tocsin.core.attribution import Start, start_of
from tocsin.core.finding import Kind
from tocsin.core.neighbour import Neighbour, Neighbourhood
from tocsin.core.overview import Census, Place, Show, Standing
from tocsin.core.run import Context, Outcome, Run
from tocsin.core.severity import Severity
from tocsin.store.memory_state import Part


class Pipelines(Part):
    """The part of a transaction that is about all pipelines."""

    def latest_runs(self, *, after: tuple[str, str] | None = None, limit: int | None = None) -> Sequence[Run]:
        """Return the newest run of each pipeline and environment, in the order of these names."""
        oldest_first = sorted(self._read.runs.values(), key=lambda run: (run.started_at, run.id))
        latest = {(run.pipeline, run.environment): run for run in oldest_first}
        return [latest[key] for key in sorted(latest) if after is None or key > after][:limit]

    def pipeline_names(self) -> Sequence[tuple[str, str]]:
        """Return the name and environment of each pipeline that has ever run, in this order."""
        return sorted({(run.pipeline, run.environment) for run in self._read.runs.values()})

    def last_contexts(self, pipelines: Collection[str], environment: str) -> Mapping[str, Context]:
        """Return where the newest run of each of these pipelines ran, by the name of the pipeline; some have none."""
        latest = (run for run in self.latest_runs() if run.environment == environment)
        return {run.pipeline: run.context for run in latest if run.pipeline in pipelines}

    def recent_starts(self, of: Collection[tuple[str, str]], *, each: int) -> Mapping[tuple[str, str], Sequence[Start]]:
        """Return the newest attempts of these pipelines and environments, at most `each` of one, newest first."""
        newest_first = sorted(self._read.runs.values(), key=lambda run: (run.started_at, run.id), reverse=True)
        found: dict[tuple[str, str], list[Start]] = {}
        for run in newest_first:
            if (run.pipeline, run.environment) in of:
                found.setdefault((run.pipeline, run.environment), []).append(start_of(run))
        return {key: starts[:each] for key, starts in found.items()}

    def neighbourhood(self, run: Run, *, each: int) -> Neighbourhood:
        """Return a stored run among those of its pipeline that began around it, at most `each` before and after it."""
        of_it = (one for one in self._read.runs.values() if one.pipeline == run.pipeline)
        same = sorted((one for one in of_it if one.environment == run.environment), key=_begun)
        place = [one.id for one in same].index(run.id)
        first = max(place - each, 0)
        return Neighbourhood(runs=[_neighbour(one) for one in same[first : place + each + 1]], place=place - first)

    def worst_first(
        self,
        *,
        environment: str | None = None,
        search: str = "",
        show: Show | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Sequence[Standing]:
        """Return how pipelines stand: by their worst open alert, then by name and environment."""
        latest = {(run.pipeline, run.environment): run for run in self.latest_runs()}
        alerts: dict[tuple[str, str], list[Alert]] = {key: [] for key in (*latest, *self._read.expectations)}
        for alert in sorted(self._open_alerts(environment), key=lambda one: (one.last_at, one.id), reverse=True):
            if alert.kind is not Kind.CHANNEL:
                alerts.setdefault((alert.subject, alert.environment), []).append(alert)
        found = [
            Standing(
                pipeline=key[0],
                environment=key[1],
                run=latest.get(key),
                alerts=tuple(of_it),
                expectation=self._read.expectations.get(key),
            )
            for key, of_it in alerts.items()
            if environment in {None, key[1]} and search.lower() in key[0].lower()
        ]
        found = [one for one in found if _shown(one, show)]
        found.sort(key=lambda one: _order(one.place))
        return [one for one in found if after is None or _order(one.place) > _order(after)][:limit]

    def census(self) -> Census:
        """Return how many pipelines there are."""
        ran = Counter[tuple[str, Outcome | None]]((run.environment, run.outcome) for run in self.latest_runs())
        expected = self._read.expectations.keys() - set(self.pipeline_names())
        return Census(counts=ran + Counter((here, None) for _, here in expected))

    def count_open_alerts(self, *, environment: str | None = None) -> Mapping[tuple[Kind, Severity], int]:
        """Return how many alerts are open, by kind and severity."""
        return Counter((alert.kind, alert.severity) for alert in self._open_alerts(environment))

    def worst_alerts(
        self,
        *,
        environment: str | None = None,
        subject: str | None = None,
        severity: Severity | None = None,
        limit: int,
    ) -> Sequence[Alert]:
        """Return open alerts, the most severe first, then newest first by last finding."""
        found = [
            one
            for one in self._open_alerts(environment)
            if subject in {None, one.subject} and severity in {None, one.severity}
        ]
        return sorted(found, key=lambda one: (one.severity.order, one.last_at, one.id), reverse=True)[:limit]

    def count_over(
        self,
        *,
        environment: str | None = None,
        subject: str | None = None,
        severity: Severity | None = None,
        most: int,
    ) -> int:
        """Return how many alerts are over; counting ends at `most`."""
        found = [
            one
            for one in self._read.alerts.values()
            if not one.open
            and environment in {None, one.environment}
            and subject in {None, one.subject}
            and severity in {None, one.severity}
        ]
        return min(len(found), most)

    def _open_alerts(self, environment: str | None) -> list[Alert]:
        return [one for one in self._read.alerts.values() if one.open and environment in {None, one.environment}]


def _begun(run: Run) -> tuple[datetime, str]:
    return run.started_at, run.id


def _neighbour(run: Run) -> Neighbour:
    return Neighbour(
        id=run.id, logical_id=run.logical_id, attempt=run.attempt, started_at=run.started_at, outcome=run.outcome
    )


def _shown(one: Standing, show: Show | None) -> bool:
    match show:
        case Show.PROBLEMS:
            return bool(one.alerts)
        case Show.NO_PROBLEMS:
            return not one.alerts
        case Show.RUNNING:
            return one.run is not None and one.run.outcome is Outcome.RUNNING
    return True


def _order(place: Place) -> tuple[int, str, str]:
    return -place.trouble, place.pipeline, place.environment
