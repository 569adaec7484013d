"""How often a key may ping."""

from __future__ import annotations

import pytest

from tocsin.web.pings.rate import A_SECOND, MOST_AT_ONCE, Rate
from tocsin.web.problem import Problem


def test_a_key_may_ping_many_times_at_once_and_some_more_each_second() -> None:
    """What is too much is refused until a moment later, and another key is not held up by it."""
    now = [0.0]
    rate = Rate(lambda: now[0])
    for _ in range(MOST_AT_ONCE):
        rate.count("a")
    with pytest.raises(Problem, match=r"pings more than 20 times a second. Send the same again later") as refused:
        rate.count("a")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    rate.count("b")
    now[0] = 1.0
    for _ in range(int(A_SECOND)):
        rate.count("a")
    with pytest.raises(Problem):
        rate.count("a")


def test_no_rest_allows_more_than_the_most() -> None:
    """A key that was silent for a day may ping as many times at once as any other."""
    now = [0.0]
    rate = Rate(lambda: now[0])
    rate.count("a")
    now[0] = 86_400.0
    for _ in range(MOST_AT_ONCE):
        rate.count("a")
    with pytest.raises(Problem):
        rate.count("a")
