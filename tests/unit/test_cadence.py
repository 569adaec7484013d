"""Learning a schedule from starts: what is recognised, and that chance is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.cadence import learn
from tocsin.core.schedule import parse_schedule, slots_after

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def starts(text: str, number: int, *, jitter: float = 20, after: datetime = MONDAY, seed: int = 1) -> list[datetime]:
    """Return starts by a schedule in Berlin, each up to `jitter` seconds late."""
    chance = random.Random(seed)  # noqa: S311  # made up lateness
    slots = islice(slots_after(parse_schedule(text, timezone="Europe/Berlin"), after), number)
    return [slot + timedelta(seconds=chance.uniform(0, jitter)) for slot in slots]


@pytest.mark.parametrize(
    ("kept", "runs", "learned", "start_within"),
    [
        # Seven starts are enough where the gap is a usual one; a start is waited for half a gap, at most an hour.
        ("*/5 * * * *", 7, "every 5m", timedelta(minutes=2.5)),
        ("7-59/20 * * * *", 7, "every 20m", timedelta(minutes=10)),
        ("0 * * * *", 7, "every 1h", timedelta(minutes=30)),
        ("30 */6 * * *", 7, "every 6h", timedelta(hours=1)),
        ("0 6,18 * * *", 7, "every 12h", timedelta(hours=1)),
        # Gaps that divide neither an hour nor a day.
        ("every 45m", 20, "every 45m", timedelta(minutes=22.5)),
        ("every 1h40m", 20, "every 1h40m", timedelta(minutes=50)),
        # Daily, around midnight too.
        ("0 6 * * *", 7, "0 6 * * *", timedelta(hours=1)),
        ("59 23 * * *", 7, "59 23 * * *", timedelta(hours=1)),
        # On some days of the week.
        ("30 5 * * 1-5", 12, "30 5 * * 1-5", timedelta(hours=1)),
        ("0 5 * * 2-6", 12, "0 5 * * 2-6", timedelta(hours=1)),
        ("0 5 * * 1,4", 7, "0 5 * * 1,4", timedelta(hours=1)),
        ("0 3 * * 0", 7, "0 3 * * 0", timedelta(hours=1)),
    ],
)
def test_what_is_kept_is_learned(kept: str, runs: int, learned: str, start_within: timedelta) -> None:
    """Starts by a schedule give that schedule back, with the number of runs as its source."""
    known = starts(kept, runs)

    found = learn(known, timezone="Europe/Berlin")

    assert found is not None
    assert (found.schedule.text, found.start_within, found.runs) == (learned, start_within, runs)
    assert found.schedule.source == f"learned from {runs} runs"


@pytest.mark.parametrize(
    ("kept", "runs"),
    [
        # Six starts are five gaps.
        ("0 * * * *", 6),
        ("0 6 * * *", 6),
        # Whether Saturday and Sunday are free is not known in the second week.
        ("30 5 * * 1-5", 9),
        # No gap that people choose, and too few starts to believe it.
        ("every 45m", 19),
        # Patterns that are not looked for.
        ("0 6,7 * * *", 30),
        ("0 6 1 * *", 30),
    ],
)
def test_what_is_not_certain_is_not_learned(kept: str, runs: int) -> None:
    """Where a pattern is young or unknown, nothing is claimed."""
    assert learn(starts(kept, runs), timezone="Europe/Berlin") is None


@pytest.mark.parametrize("kept", ["0 6 * * *", "0 * * * *", "*/15 * * * *"])
@pytest.mark.parametrize("place", [1, 4, 7])
def test_one_missing_or_additional_start_does_no_harm(kept: str, place: int) -> None:
    """A run that failed is not among the starts, and one that somebody started is."""
    known = starts(kept, 9)
    gap = known[1] - known[0]
    expected = learn(known, timezone="Europe/Berlin")
    assert expected is not None

    missing = learn(known[:place] + known[place + 1 :], timezone="Europe/Berlin")
    additional = learn([*known, known[place] + gap * 0.4], timezone="Europe/Berlin")

    assert missing is not None
    assert additional is not None
    assert missing.schedule.text == additional.schedule.text == expected.schedule.text


def test_two_missing_of_seven_are_too_many() -> None:
    """With few starts, holes make a pattern doubtful."""
    known = starts("0 * * * *", 9)

    assert learn(known[:2] + known[3:5] + known[6:]) is None


def test_a_daily_job_is_learned_over_a_change_of_the_clock() -> None:
    """06:00 in Berlin is 04:00 UTC in October and 05:00 UTC in November; only the clock in Berlin shows one time."""
    known = starts("0 6 * * *", 14, after=datetime(2026, 10, 18, tzinfo=UTC))

    found = learn(known, timezone="Europe/Berlin")

    assert found is not None
    assert (found.schedule.text, found.schedule.timezone) == ("0 6 * * *", "Europe/Berlin")
    assert learn(known, timezone="UTC") is None


def test_a_new_schedule_replaces_the_old_one() -> None:
    """The newest thirty starts decide, so a job that moved from 06:00 to 09:00 is learned anew."""
    known = starts("0 6 * * *", 60) + starts("0 9 * * *", 30, after=MONDAY + timedelta(days=60))

    found = learn(known, timezone="Europe/Berlin")

    assert found is not None
    assert (found.schedule.text, found.runs) == ("0 9 * * *", 30)


def test_more_lateness_is_waited_for_where_starts_are_often_late() -> None:
    """Twice the lateness that was seen is normal."""
    known = starts("0 6 * * *", 14, jitter=50 * 60)
    lateness = [start.astimezone(ZoneInfo("Europe/Berlin")).minute for start in known]

    found = learn(known, timezone="Europe/Berlin")

    assert found is not None
    assert found.start_within > timedelta(hours=1)
    assert found.start_within >= timedelta(minutes=2 * (max(lateness) - min(lateness) - 1))


@given(
    st.sampled_from(["*/5 * * * *", "0 * * * *", "0 */6 * * *", "0 6 * * *", "30 5 * * 1-5"]),
    st.integers(14, 40),
    st.integers(),
    st.randoms(use_true_random=False),
)
def test_the_runs_that_were_learned_from_are_on_time(kept: str, number: int, seed: int, chance: random.Random) -> None:
    """In any order of the starts, each of them lies between a learned slot and the end of its patience."""
    known = starts(kept, number, jitter=10, seed=seed)
    shuffled = list(known)
    chance.shuffle(shuffled)

    found = learn(shuffled, timezone="Europe/Berlin")

    assert found is not None
    for start in known[-found.runs :]:
        early = start - found.start_within
        slot = next(slots_after(found.schedule, early - timedelta(seconds=1), anchor=found.anchor))
        assert slot <= start <= slot + found.start_within


def history(gaps: list[timedelta]) -> list[datetime]:
    """Return starts with these gaps before them."""
    return [MONDAY + passed for passed in accumulate(gaps)]


def _poisson(chance: random.Random) -> float:
    return chance.expovariate(1)


def _around(chance: random.Random) -> float:
    return chance.uniform(0.5, 1.5)


@pytest.mark.parametrize(
    ("gap", "bound"),
    [
        # Starts that know nothing of each other.
        (_poisson, 1),
        # Starts that follow each other after half to one and a half of a gap: 1 in 4,000 was seen.
        (_around, 3),
    ],
)
@pytest.mark.parametrize("runs", [7, 8, 14])
def test_chance_is_not_taken_for_a_schedule(gap: Callable[[random.Random], float], bound: int, runs: int) -> None:
    """Of 800 random histories with usual mean gaps at most so many are taken for regular ones."""
    chance = random.Random(runs)  # noqa: S311  # the same histories each time
    learned = 0
    for _ in range(800):
        mean = timedelta(minutes=chance.choice([5, 15, 60, 240, 1440]))
        known = history([mean * gap(chance) for _ in range(runs)])
        learned += learn(known, timezone="Europe/Berlin") is not None

    assert learned <= bound


def test_a_job_that_waits_after_each_run_is_not_learned() -> None:
    """Gaps of an hour and the time that the run took drift, and no time of the clock is kept."""
    chance = random.Random(5)  # noqa: S311  # the same history each time
    known = history([timedelta(minutes=60 + chance.uniform(5, 15)) for _ in range(30)])

    assert learn(known) is None


def test_an_unknown_zone_is_refused() -> None:
    """The message names a near zone."""
    with pytest.raises(ValueError, match="'Berlin' is no time zone; write \"Europe/Berlin\""):
        learn(starts("0 6 * * *", 7), timezone="Berlin")
