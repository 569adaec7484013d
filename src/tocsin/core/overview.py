"""How pipelines stand now: what is worst comes first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.core.alert import Alert
from tocsin.core.run import Run
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
    #: Its open alerts, the newest first; those about its tables and checks too.
    alerts: tuple[Alert, ...] = ()

    @property
    def place(self) -> Place:
        """Where it stands: after this one comes what is no worse."""
        worst = max((alert.severity for alert in self.alerts), key=lambda severity: severity.order, default=None)
        return Place(severity=worst, pipeline=self.pipeline, environment=self.environment)
