"""What is asked of a store about all pipelines at once, and about what remains of old facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from tocsin.core.alert import Alert
from tocsin.core.attribution import Start
from tocsin.core.check import CheckHistory, CheckPlace
from tocsin.core.daily import Day, Ended
from tocsin.core.finding import Kind
from tocsin.core.neighbour import Neighbourhood
from tocsin.core.overview import Census, Place, Show, Standing
from tocsin.core.retention import Kept, Pruned
from tocsin.core.run import Context, Run
from tocsin.core.severity import Severity


class FleetTransaction(Protocol):
    """The part of a transaction whose cost must not follow how long Tocsin has been at work."""

    # All pipelines

    def latest_runs(self, *, after: tuple[str, str] | None = None, limit: int | None = None) -> Sequence[Run]:
        """Return the newest run of each pipeline and environment, in the order of these names.

        Args:
            after: Begin after this pipeline and environment.
            limit: The most to return; None for all.
        """

    def pipeline_names(self) -> Sequence[tuple[str, str]]:
        """Return the name and environment of each pipeline that has ever run, in this order.

        They are as pipelines are found by: one of more than 600 bytes ends in its hash.
        """

    def last_contexts(self, pipelines: Collection[str], environment: str) -> Mapping[str, Context]:
        """Return where the newest run of each of these pipelines ran, by the name of the pipeline; some have none."""

    def recent_starts(self, of: Collection[tuple[str, str]], *, each: int) -> Mapping[tuple[str, str], Sequence[Start]]:
        """Return the newest attempts of these pipelines and environments, at most `each` of one, newest first."""

    def neighbourhood(self, run: Run, *, each: int) -> Neighbourhood:
        """Return a stored run among those of its pipeline that began around it, at most `each` before and after it."""

    def worst_first(
        self,
        *,
        environment: str | None = None,
        search: str = "",
        show: Show | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Sequence[Standing]:
        """Return how pipelines stand: by their worst open alert, then by name and environment.

        Pipelines that have ever run are there, those that have an open alert, and those that are expected to run.

        Args:
            environment: Only of this environment.
            search: Only those in whose name this text occurs; capital letters do not matter where they are ASCII.
            show: Only these.
            after: Begin after this place.
            limit: The most to return.
        """

    def census(self) -> Census:
        """Return how many pipelines there are.

        Their environments are as pipelines are found by: see `pipeline_names`.
        """

    def count_open_alerts(self, *, environment: str | None = None) -> Mapping[tuple[Kind, Severity], int]:
        """Return how many alerts are open, by kind and severity."""

    def worst_alerts(
        self,
        *,
        environment: str | None = None,
        subject: str | None = None,
        severity: Severity | None = None,
        limit: int,
    ) -> Sequence[Alert]:
        """Return open alerts, the most severe first, then newest first by last finding."""

    def count_over(
        self,
        *,
        environment: str | None = None,
        subject: str | None = None,
        severity: Severity | None = None,
        most: int,
    ) -> int:
        """Return how many alerts are over; counting ends at `most`."""

    # All checks

    def checks_worst_first(
        self,
        *,
        environment: str | None = None,
        search: str = "",
        failing: bool = False,
        after: CheckPlace | None = None,
        limit: int,
    ) -> Sequence[CheckHistory]:
        """Return the last results of checks, those that are worst first, then by check, pipeline and environment.

        Args:
            environment: Only of this environment.
            search: Only those in whose name, or in that of whose pipeline, this text occurs; as in `worst_first`.
            failing: Only those that do not pass.
            after: Begin after this place.
            limit: The most to return.
        """

    def count_checks(self, *, environment: str | None = None) -> Mapping[int, int]:
        """Return how many checks there are, by how bad their last results are: 0 where they pass, up to 4."""

    # Days

    def first_start(self) -> datetime | None:
        """Return when the oldest run that is stored began."""

    def ended_runs(
        self, *, since: datetime, until: datetime, after: Ended | None = None, limit: int
    ) -> Sequence[Ended]:
        """Return the runs that began within this time and have ended, by start and id; `until` is exclusive."""

    def save_days(self, days: Sequence[Day]) -> None:
        """Insert or replace what remains of runs."""

    def days(self, pipeline: str, environment: str, *, since: date) -> Sequence[Day]:
        """Return the days of a pipeline on which it ran, from `since` on, in their order."""

    # Retention

    def prune(self, kept: Kept, *, before: datetime, since: datetime | None = None, limit: int) -> Pruned:
        """Delete the oldest of what nobody needs any more, with what belongs to it.

        Left are what is open or waits, the newest run of each pipeline and the runs of open alerts; groups and alerts
        that a notification is about; and notifications about open alerts and groups.

        Args:
            kept: What to delete.
            before: Only what is older than this.
            since: Where the batch before has ended; None for the first.
            limit: The most to look at.
        """

    def count_old(self, kept: Kept, *, before: datetime) -> int:
        """Return how many `prune` would delete in all, as things are now."""
