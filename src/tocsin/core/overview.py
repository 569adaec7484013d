"""How pipelines stand now: what is worst comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tocsin.core.alert import Alert
from tocsin.core.expectation import Expectation
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity


class Show(StrEnum):
    """Which pipelines an overview shows."""

    PROBLEMS = "problems"
    NO_PROBLEMS = "no problems"
    RUNNING = "running"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a pipeline stands in the overview, by which the next page is asked for."""

    #: Of its worst open alert; None where all is well.
    severity: Severity | None
    pipeline: str
    environment: str

    @property
    def trouble(self) -> int:
        """How bad it is: 0 where all is well, up to 4."""
        return 0 if self.severity is None else self.severity.order + 1


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One pipeline with what an overview shows of it."""

    pipeline: str
    environment: str
    #: Its newest run; None for a pipeline that is expected to run and never has.
    run: Run | None
    #: When it should run; None where nothing is known of that.
    expectation: Expectation | None
    #: Its open alerts, the newest first; those about its tables and checks too.
    alerts: tuple[Alert, ...] = ()

    @property
    def place(self) -> Place:
        """Where it stands: after this one comes what is no worse."""
        worst = max((alert.severity for alert in self.alerts), key=lambda severity: severity.order, default=None)
        return Place(severity=worst, pipeline=self.pipeline, environment=self.environment)


@dataclass(frozen=True, kw_only=True)
class Census:
    """How many pipelines there are, each with an environment; what is asked of none counts all of them."""

    #: By environment and the outcome of the newest run; None for those that are expected to run and never have.
    counts: Mapping[tuple[str, Outcome | None], int]

    @property
    def environments(self) -> Sequence[str]:
        """Those in which pipelines have run or are expected to, in their order."""
        return sorted({environment for environment, _ in self.counts})

    def outcomes(self, environment: str | None = None) -> Mapping[Outcome, int]:
        """Return how the newest runs ended."""
        ended = Counter[Outcome]()
        for (here, outcome), number in self.counts.items():
            if outcome is not None and environment in {None, here}:
                ended[outcome] += number
        return ended

    def never_ran(self, environment: str | None = None) -> int:
        """Return how many are expected to run, and never have."""
        return self.total(environment) - sum(self.outcomes(environment).values())

    def total(self, environment: str | None = None) -> int:
        """Return how many there are."""
        return sum(number for (here, _), number in self.counts.items() if environment in {None, here})
