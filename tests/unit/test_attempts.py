"""Which attempt is under way, and which runs belong to one logical run."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable

import pytest
from tenacity import RetryError, Retrying, retry, stop_after_attempt, stop_after_delay, stop_any, stop_never

from tocsin.capture.attempts import Attempt, LogicalRuns, current_attempt


def _now() -> Attempt | None:
    return current_attempt(inspect.currentframe())


@pytest.mark.parametrize(
    ("stop", "allowed"),
    [
        (stop_after_attempt(3), 3),
        (stop_after_attempt(3) | stop_after_delay(60), 3),
        (stop_any(stop_after_attempt(5), stop_after_attempt(2)), 2),
        # It ends when both hold, so the number alone does not tell.
        (stop_after_attempt(3) & stop_after_delay(60), None),
        (stop_after_delay(60), None),
        (stop_never, None),
        (lambda state: state.attempt_number >= 2, None),
    ],
)
def test_allowed_attempts(stop: Callable[..., bool], allowed: int | None) -> None:
    """The number of attempts is known where it alone ends them, or where it is one of several reasons to end."""
    for attempt in Retrying(stop=stop):
        with attempt:
            now = _now()
            assert now is not None
            assert (now.number, now.allowed) == (1, allowed)


def test_number_of_the_attempt() -> None:
    """Each attempt has its number, and all attempts of one call the same call."""
    seen: list[Attempt | None] = []

    @retry(stop=stop_after_attempt(3))
    def fail() -> None:
        seen.append(_now())
        raise ValueError

    with pytest.raises(RetryError):
        fail()
    attempts = [attempt for attempt in seen if attempt]
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert len({id(attempt.call) for attempt in attempts}) == 1


def test_innermost_attempt_counts() -> None:
    """Of nested retries the one nearest to the run is its own."""
    for outer in Retrying(stop=stop_after_attempt(7)):
        with outer:
            for inner in Retrying(stop=stop_after_attempt(2)):
                with inner:
                    now = retry(stop=stop_after_attempt(4))(_now)()
    assert now is not None
    assert now.allowed == 4


def test_attempt_that_is_over() -> None:
    """After the loop its variable is still there, and no attempt is under way."""
    for attempt in Retrying(stop=stop_after_attempt(2)):
        with attempt:
            pass
    assert attempt.retry_state.outcome is not None
    assert _now() is None


def test_without_tenacity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that does not use tenacity is not looked through."""
    monkeypatch.delitem(sys.modules, "tenacity")
    assert _now() is None


def test_objects_of_the_user_are_not_touched() -> None:
    """A variable whose class lies about itself is passed without running its code."""

    class Trap:
        @property
        def __class__(self) -> type:  # a proxy, such as those of web frameworks
            raise SystemExit

        @__class__.setter
        def __class__(self, value: type) -> None:
            raise SystemExit

    trap = Trap()
    assert _now() is None
    assert trap is not None


def test_runs_without_retries_are_their_own() -> None:
    """Without retries each run is a logical run by itself."""
    logical = LogicalRuns()
    for run_id in ("a", "b"):
        assert logical.identify(run_id, "orders", "run", scope=None, attempt=None) == run_id


def test_steps_continue_in_their_order_only() -> None:
    """Normalize continues extract, load continues either; nothing continues a run, a load, or another pipeline."""
    logical = LogicalRuns()
    steps = ["extract", "normalize", "load", "load", "normalize", "extract", "load", "run", "load"]
    ids = [logical.identify(str(n), "orders", step, scope=None, attempt=None) for n, step in enumerate(steps)]
    assert ids == ["0", "0", "0", "3", "4", "5", "5", "7", "8"]
    logical.identify("x", "orders", "extract", scope=None, attempt=None)
    assert logical.identify("y", "customers", "normalize", scope=None, attempt=None) == "y"


def test_runs_of_an_orchestrator_are_numbered() -> None:
    """The orchestrator repeats the whole program, so its runs are known by their place in it."""
    logical = LogicalRuns()
    ids = [logical.identify("id", name, "run", scope="dag/7", attempt=None) for name in ("orders", "orders", "lines")]
    assert ids == ["dag/7/orders/1", "dag/7/orders/2", "dag/7/lines/1"]


def test_what_an_orchestrator_repeats_in_one_process_is_numbered_anew() -> None:
    """The second attempt of a task repeats the runs of the first, and another task has runs of its own."""
    logical = LogicalRuns()
    tries = (("flow/load", 1), ("flow/load", 2), ("flow/copy", 1))
    ids = [logical.identify("id", "orders", "run", scope=scope, scope_attempt=n, attempt=None) for scope, n in tries]
    assert ids == ["flow/load/orders/1", "flow/load/orders/1", "flow/copy/orders/1"]
