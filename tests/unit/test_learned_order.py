"""An order that nobody wrote down: learned where it shows, and never from a coincidence."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import NOON, good_run
from tocsin.core.learned_order import LearnedOrder, learn_order
from tocsin.core.run import Outcome, Run


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


def test_what_follows_an_end_that_varies_is_downstream() -> None:
    """Orders move with the end of customers, which no line of cron can do."""
    learned = learn_order(_chain())

    assert learned == (LearnedOrder(upstream="customers", downstream="orders", runs=14),)
    assert learned[0].source == "learned from 14 runs"


def test_eight_runs_are_enough() -> None:
    """Eight mornings in a row, each at another minute, are no chance."""
    assert [learned.runs for learned in learn_order(_chain(8))] == [8]


@pytest.mark.parametrize(("worst", "links"), [(40, 1), (60, 0)])
def test_the_pause_may_vary_a_little(worst: float, links: int) -> None:
    """The upstream's duration varies by 240 seconds: a pause that varies by a fifth of that still follows it."""
    history = _chain(8)
    history["orders"][3] = replace(
        history["orders"][3], started_at=history["orders"][3].started_at + timedelta(seconds=worst)
    )

    assert len(learn_order(history)) == links


@pytest.mark.parametrize("days", [1, 7])
def test_a_few_runs_prove_nothing(days: int) -> None:
    """Seven mornings may be chance."""
    assert learn_order(_chain(days)) == ()


def test_a_long_pause_proves_nothing() -> None:
    """What begins a quarter of an hour later may begin for another reason."""
    assert learn_order(_chain(pause=900)) == ()


def test_one_run_without_its_upstream_is_proof_of_the_contrary() -> None:
    """A pipeline that ran by itself once does not wait for the other."""
    history = _chain()
    history["customers"].pop(9)

    assert learn_order(history) == ()


def test_a_run_after_a_failure_is_proof_of_the_contrary() -> None:
    """A pipeline that begins although the other has failed is not blocked by it."""
    history = _chain()
    history["customers"][9] = replace(history["customers"][9], outcome=Outcome.FAILED)

    assert learn_order(history) == ()


def test_an_upstream_that_always_takes_the_same_time_teaches_nothing() -> None:
    """At 06:00 for ten minutes, then at 06:10: two lines of cron look the same as an order."""
    starts = [day * 86_400.0 for day in range(14)]
    history = {
        "customers": _runs("customers", starts, [595] * 14),
        "orders": _runs("orders", [start + 600 for start in starts], [60] * 14),
    }

    assert learn_order(history) == ()


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

    links = [(learned.upstream, learned.downstream) for learned in learn_order(history)]

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

    assert learn_order(history) == ()
