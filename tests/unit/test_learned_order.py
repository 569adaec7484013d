"""An order that nobody wrote down: learned where it shows, and never from a coincidence."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import NOON, good_run
from tocsin.core.attribution import start_of
from tocsin.core.learned_order import LearnedOrder, learn_order
from tocsin.core.run import Context, Outcome, Run


def _runs(name: str, starts: Sequence[float], durations: Sequence[float]) -> list[Run]:
    """Return runs that begin so many seconds after noon and last so long."""
    return [
        good_run(
            f"{name}{number}",
            pipeline=name,
            started_at=NOON + timedelta(seconds=start),
            ended_at=NOON + timedelta(seconds=start + length),
        )
        for number, (start, length) in enumerate(zip(starts, durations, strict=True))
    ]


def _chain(days: int = 14, *, pause: float = 5) -> dict[str, list[Run]]:
    """Return orders that begin when customers end, which takes between 8 and 12 minutes."""
    durations = [480 + 60 * (day % 5) for day in range(days)]
    starts = [day * 86_400.0 for day in range(days)]
    follow = [start + length + pause for start, length in zip(starts, durations, strict=True)]
    return {"customers": _runs("customers", starts, durations), "orders": _runs("orders", follow, [60] * days)}


def _learn(history: Mapping[str, Sequence[Run]]) -> list[LearnedOrder]:
    """Return what each of the pipelines teaches."""
    attempts = {name: [start_of(run) for run in runs] for name, runs in history.items()}
    return [learned for name in attempts for learned in learn_order(name, attempts[name], attempts)]


def test_what_follows_an_end_that_varies_is_downstream() -> None:
    """Orders move with the end of customers, which no line of cron can do."""
    [learned] = _learn(_chain())

    assert learned == LearnedOrder(upstream="customers", downstream="orders", runs=14)
    assert str(learned) == "orders usually starts after customers, learned from 14 runs"


def test_eight_runs_are_enough() -> None:
    """Eight mornings in a row, each at another minute, are no chance."""
    assert [learned.runs for learned in _learn(_chain(8))] == [8]


@pytest.mark.parametrize(("worst", "links"), [(40, 1), (60, 0)])
def test_the_pause_may_vary_a_little(worst: float, links: int) -> None:
    """The upstream's duration varies by 240 seconds: a pause that varies by a fifth of that still follows it."""
    history = _chain(8)
    history["orders"][3] = replace(
        history["orders"][3], started_at=history["orders"][3].started_at + timedelta(seconds=worst)
    )

    assert len(_learn(history)) == links


@pytest.mark.parametrize("days", [1, 7])
def test_a_few_runs_prove_nothing(days: int) -> None:
    """Seven mornings may be chance."""
    assert _learn(_chain(days)) == []


def test_a_long_pause_proves_nothing() -> None:
    """What begins a quarter of an hour later may begin for another reason."""
    assert _learn(_chain(pause=900)) == []


def test_one_run_without_its_upstream_is_proof_of_the_contrary() -> None:
    """A pipeline that ran by itself once does not wait for the other."""
    history = _chain()
    history["customers"].pop(9)

    assert _learn(history) == []


def test_a_run_after_a_failure_is_proof_of_the_contrary() -> None:
    """A pipeline that begins although the other has failed is not blocked by it."""
    history = _chain()
    history["customers"][9] = replace(history["customers"][9], outcome=Outcome.FAILED)

    assert _learn(history) == []


def test_a_run_after_a_failure_long_ago_counts_as_well() -> None:
    """Thirty mornings in order prove nothing for a pipeline that went on without the other once before them."""
    history = _chain(45)
    history["customers"][2] = replace(history["customers"][2], outcome=Outcome.FAILED)

    assert _learn(history) == []


def test_a_run_that_somebody_started_proves_nothing() -> None:
    """Neither for an order nor against it: the schedule did not begin it."""
    history = _chain()
    by_hand = replace(history["orders"][3], id="hand", logical_id="hand", context=Context(interactive=True))
    history["orders"].append(
        replace(by_hand, started_at=NOON + timedelta(hours=9), ended_at=NOON + timedelta(hours=10))
    )

    assert [learned.runs for learned in _learn(history)] == [14]


def test_another_attempt_does_not_count_as_a_beginning() -> None:
    """The retry of a failed run begins when the orchestrator says so; its first attempt followed the upstream."""
    history = _chain()
    first = history["orders"][5]
    history["orders"][5] = replace(first, outcome=Outcome.FAILED)
    again = replace(first, id="retry", attempt=2, started_at=first.started_at + timedelta(hours=1))
    history["orders"].append(replace(again, ended_at=again.started_at + timedelta(minutes=1)))

    assert [learned.runs for learned in _learn(history)] == [14]


def test_an_upstream_that_always_takes_the_same_time_teaches_nothing() -> None:
    """At 06:00 for ten minutes, then at 06:10: two lines of cron look the same as an order."""
    starts = [day * 86_400.0 for day in range(14)]
    history = {
        "customers": _runs("customers", starts, [595] * 14),
        "orders": _runs("orders", [start + 600 for start in starts], [60] * 14),
    }

    assert _learn(history) == []


def test_a_chain_teaches_its_links() -> None:
    """Customers, then orders, then revenue: nobody is downstream of himself or of his downstream."""
    history = _chain()
    lengths = [30 + 20 * (day % 4) for day in range(14)]
    history["orders"] = [
        replace(run, ended_at=run.started_at + timedelta(seconds=length))
        for run, length in zip(history["orders"], lengths, strict=True)
    ]
    ends = [(run.ended_at or NOON) - NOON for run in history["orders"]]
    history["revenue"] = _runs("revenue", [end.total_seconds() + 3 for end in ends], [20] * 14)

    links = [(learned.upstream, learned.downstream) for learned in _learn(history)]

    assert ("customers", "orders") in links
    assert ("orders", "revenue") in links
    assert all(up in {"customers", "orders"} and down != "customers" for up, down in links)


@given(
    seed=st.integers(0, 2**32),
    runs=st.integers(8, 30),
    gap=st.sampled_from([300, 900, 3600, 86_400]),
    offset=st.floats(0, 1200),
    jitter=st.sampled_from([0, 1, 5, 30]),
    variation=st.sampled_from([0, 0.05, 0.3, 0.8]),
)
def test_two_schedules_never_teach_an_order(
    *, seed: int, runs: int, gap: int, offset: float, jitter: int, variation: float
) -> None:
    """Pipelines on the clock, at the same time or one after another, are not taken for each other's upstream."""
    chance = random.Random(seed)  # noqa: S311
    usual = chance.uniform(5, gap * 0.6)
    history = {
        name: _runs(
            name,
            [number * gap + late + chance.uniform(0, jitter) for number in range(runs)],
            [usual * chance.lognormvariate(0, variation) for _ in range(runs)],
        )
        for name, late in (("a", 0.0), ("b", min(offset, gap)))
    }

    assert _learn(history) == []
