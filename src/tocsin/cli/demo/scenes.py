"""What happens in the demo, in this order, and what has to be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from signal import SIGKILL

from tocsin.cli.demo.source import Trouble


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A message that a run has to lead to."""

    #: Regular expression for the whole title, after its sign.
    title: str
    #: Words that the message must contain.
    says: tuple[str, ...] = ()


class Act(Enum):
    """What is done with a pipeline's script."""

    #: It is started, and comes to its end.
    RUN = auto()
    #: It is due, and nobody starts it.
    LEAVE = auto()
    #: It is started, and still runs when it is told of.
    BEGIN = auto()
    #: What was begun comes to its end.
    END = auto()


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedRun:
    """What happens to a pipeline at one time, most often a run; two that look the same are still two."""

    pipeline: str
    act: Act = Act.RUN
    trouble: Trouble | None = None
    exit_code: int = 0
    #: None for a run that has to lead to no message at all.
    expected: Expected | None = None
    #: What has to be told beside it, before or after.
    besides: tuple[Expected, ...] = ()
    #: Whether it is started when it is due, as by cron; else at once.
    scheduled: bool = False
    #: How many runs the script makes, one after the other.
    days: int = 1

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


@dataclass(frozen=True, kw_only=True)
class Part:
    """Scenes with the same configuration."""

    scenes: tuple[Scene, ...]
    #: Pipelines that are played one after the other. These lanes are played side by side.
    pipelines: tuple[frozenset[str], ...]
    #: Runs that only make a past.
    unseen: tuple[PlannedRun, ...] = ()
    #: Whether it is written down what is expected, and a watcher looks.
    watched: bool = False

    @property
    def lanes(self) -> tuple[tuple[PlannedRun, ...], ...]:
        """What is played one after the other, for each lane."""
        runs = (*(run for scene in self.scenes for run in scene.runs), *self.unseen)
        return tuple(tuple(run for run in runs if run.pipeline in lane) for lane in self.pipelines)


_UNWATCHED = (
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
                expected=Expected(title="orders recovered after .+", says=("2 runs in a row", "300 rows")),
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
                expected=Expected(
                    title="payments loaded only a part of its data", says=("payments", "Constraint Error")
                ),
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

_WATCHED = (
    Scene(
        title="Nothing begins",
        before="invoices is due every six seconds, and nobody starts it.",
        after="No run, no error, no log: only what was expected tells. It also says where to look.",
        runs=(
            PlannedRun(
                pipeline="invoices",
                act=Act.LEAVE,
                expected=Expected(title="invoices has not started", says=("start grace of 2.0 s passed", "every 6s")),
            ),
        ),
    ),
    Scene(
        title="An upstream fails",
        before="The API of orders breaks again. revenue comes after orders.",
        after="The same message as before, and now with what it means for others.",
        runs=(
            PlannedRun(
                pipeline="orders",
                trouble=Trouble.BROKEN,
                exit_code=1,
                expected=Expected(title="orders failed", says=("503", "blocks revenue")),
            ),
        ),
    ),
    Scene(
        title="Its downstream cannot start",
        before="revenue is due every six seconds too, and waits for orders.",
        after="No message: the trouble is that of orders, and its message names revenue.",
        runs=(PlannedRun(pipeline="revenue", act=Act.LEAVE),),
    ),
    Scene(
        title="It lives, and does not move",
        before="exports asks again and again whether its export is ready. It never is.",
        after="The process looked healthy. The message names the line where it waits.",
        runs=(
            PlannedRun(
                pipeline="exports",
                act=Act.BEGIN,
                trouble=Trouble.PREPARING,
                expected=Expected(title="exports is stuck", says=("exports.py:", " in exports", "stuck_after")),
            ),
        ),
    ),
    Scene(
        title="Late, with more to do",
        before="events loaded 300 rows on each of the last six days. Today there are 3,000.",
        after="Not only that it is late, but why: the table with more rows than ever. So let it run.",
        runs=(
            PlannedRun(
                pipeline="events",
                act=Act.BEGIN,
                scheduled=True,
                trouble=Trouble.MORE_ROWS,
                expected=Expected(title="events is late", says=("table events", "usually 300", "extra data")),
            ),
        ),
    ),
    Scene(
        title="They come to their end",
        before="The export is ready, and the last page of events has come.",
        after="One problem, one beginning, one end. And now that they are all there: so many rows are unusual.",
        runs=(
            PlannedRun(pipeline="exports", act=Act.END, expected=Expected(title="exports recovered after .+")),
            PlannedRun(
                pipeline="events",
                act=Act.END,
                expected=Expected(title="events recovered after .+", says=("3,000 rows",)),
                besides=(Expected(title="events.events: 3,000 rows, usually .+", says=("Expected",)),),
            ),
        ),
    ),
)

PARTS = (
    Part(
        scenes=_UNWATCHED,
        # stock spends its time with waiting.
        pipelines=(frozenset({"orders"}), frozenset({"customers", "payments"}), frozenset({"stock", "events"})),
        unseen=(PlannedRun(pipeline="events", days=6),),
    ),
    Part(
        scenes=_WATCHED,
        pipelines=tuple(frozenset({pipeline}) for pipeline in ("invoices", "orders", "revenue", "exports", "events")),
        watched=True,
    ),
)
