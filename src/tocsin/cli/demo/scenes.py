"""What happens in the demo, in this order, and what has to be told."""

from __future__ import annotations

from dataclasses import dataclass
from signal import SIGKILL

from tocsin.cli.demo.source import Trouble


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The one message that a run has to lead to."""

    #: Regular expression for the whole title, after its sign.
    title: str
    #: Words that the message must contain.
    says: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedRun:
    """One execution of a pipeline's script; two that look the same are still two."""

    pipeline: str
    trouble: Trouble | None = None
    exit_code: int = 0
    #: None for a run that has to lead to no message at all.
    expected: Expected | None = None

    @property
    def killed(self) -> bool:
        """Whether the process is killed while it waits for the API."""
        return self.exit_code == -SIGKILL


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Runs that belong together, and how they are told."""

    title: str
    #: What happens.
    before: str
    #: What to notice.
    after: str
    runs: tuple[PlannedRun, ...]


SCENES = (
    Scene(
        title="All is well",
        before="orders and customers are loaded, three pages each.",
        after="No message: a run that goes well is no news.",
        runs=(PlannedRun(pipeline="orders"), PlannedRun(pipeline="customers")),
    ),
    Scene(
        title="The API breaks",
        before="Page 2 of /orders answers 503. dlt asks three times, then the run fails.",
        after="What failed, when, why and what to do; and how far the data is complete.",
        runs=(
            PlannedRun(
                pipeline="orders",
                trouble=Trouble.BROKEN,
                exit_code=1,
                expected=Expected(title="orders failed", says=("503", "resource orders", "data is complete up to")),
            ),
        ),
    ),
    Scene(
        title="The API is still broken",
        before="The next run of orders fails in the same way.",
        after="No message: the same problem is counted, and told again only after four hours.",
        runs=(PlannedRun(pipeline="orders", trouble=Trouble.BROKEN, exit_code=1),),
    ),
    Scene(
        title="The API is back",
        before="orders is loaded again.",
        after="The problem is closed, with how long it lasted and how many runs it took.",
        runs=(
            PlannedRun(
                pipeline="orders",
                expected=Expected(title="orders recovered after .+", says=("Failed runs  2", "300 rows")),
            ),
        ),
    ),
    Scene(
        title="The data changes",
        before="Customers now come with a phone number. The table's schema contract freezes its columns.",
        after="Not only that it failed: which column of which table, and both ways out.",
        runs=(
            PlannedRun(
                pipeline="customers",
                trouble=Trouble.NEW_FIELD,
                exit_code=1,
                expected=Expected(title="customers failed", says=("schema contract", "phone", "evolve")),
            ),
        ),
    ),
    Scene(
        title="dlt says ok, but rows are missing",
        before="A payment comes twice and the database refuses the file, but load.raise_on_failed_jobs is off.",
        after="Refunds are there, payments are not. No exception was raised, and you know it all the same.",
        runs=(
            PlannedRun(
                pipeline="payments",
                trouble=Trouble.REPEATED_ROW,
                expected=Expected(title="payments loaded only a part", says=("payments", "Constraint Error")),
            ),
        ),
    ),
    Scene(
        title="The process is killed",
        before="stock waits for the API and gets SIGKILL, as from the kernel when memory is short.",
        after="A killed process tells nobody. A small companion process beside it did.",
        runs=(
            PlannedRun(
                pipeline="stock",
                trouble=Trouble.HANGING,
                exit_code=-SIGKILL,
                expected=Expected(title="stock died", says=("during extract",)),
            ),
        ),
    ),
)
