"""The last results of checks, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tocsin.core.check import CheckHistory, CheckPlace
from tocsin.store.memory_state import Part


class Checks(Part):
    """The part of a transaction that is about the results of checks."""

    def check_history(self, pipeline: str, environment: str, check: str) -> CheckHistory:
        """Return the last results of a check, by its name; an empty history where there is none."""
        known = self._read.check_histories.get((pipeline, environment, check))
        return known or CheckHistory(pipeline=pipeline, environment=environment, check=check)

    def check_histories(self, pipeline: str, environment: str) -> Sequence[CheckHistory]:
        """Return the last results of each check of a pipeline, by the names of the checks."""
        known = sorted(self._read.check_histories.items())
        return [history for key, history in known if key[:2] == (pipeline, environment)]

    def checks_worst_first(
        self,
        *,
        environment: str | None = None,
        search: str = "",
        failing: bool = False,
        after: CheckPlace | None = None,
        limit: int,
    ) -> Sequence[CheckHistory]:
        """Return the last results of checks, the worst first, then by the names of checks."""
        found = sorted((one.place, one) for one in self._read.check_histories.values())
        return [
            one
            for place, one in found
            if environment in {None, one.environment}
            and (search.lower() in one.check.lower() or search.lower() in one.pipeline.lower())
            and (place.trouble or not failing)
            and (after is None or place > after)
        ][:limit]

    def count_checks(self, *, environment: str | None = None) -> Mapping[int, int]:
        """Return how many checks there are, by how bad their last results are."""
        known = self._read.check_histories.values()
        return Counter(one.place.trouble for one in known if environment in {None, one.environment})

    def save_check_history(self, history: CheckHistory) -> None:
        """Insert or replace the last results of a check."""
        self._write.check_histories[history.pipeline, history.environment, history.check] = history
