"""Which runs belong to one logical run: retries, and the separate steps of one load."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

#: A step that may continue a run which an earlier step of the same pipeline began.
_CONTINUES = {"normalize": {"extract"}, "load": {"extract", "normalize"}}


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt of a call that tenacity repeats."""

    number: int
    #: How many attempts there are at most; None where something else than their number ends them.
    allowed: int | None
    #: tenacity's RetryCallState: one object for all attempts of one call.
    call: Any


def current_attempt(frame: FrameType | None) -> Attempt | None:
    """Return the innermost attempt under way in `frame` or its callers, or None.

    Both styles are seen: the decorator keeps its state in a frame of tenacity's, and `for attempt in Retrying(…)`
    keeps it in a variable of the user's frame. A state with an outcome belongs to an attempt that is over.
    """
    tenacity = sys.modules.get("tenacity")
    if tenacity is None:
        return None
    manager, state = tenacity.AttemptManager, tenacity.RetryCallState
    while frame is not None:
        for value in list(frame.f_locals.values()):
            # The class is compared, because isinstance() would run the code of proxies that the user may hold.
            call = value.retry_state if type(value) is manager else value
            if type(call) is state and call.outcome is None:
                return Attempt(number=call.attempt_number, allowed=_allowed(call.retry_object.stop), call=call)
        frame = frame.f_back
    return None


def _allowed(stop: Any) -> int | None:  # noqa: ANN401  # tenacity's conditions, or any callable
    if (limit := getattr(stop, "max_attempt_number", None)) is not None:
        return int(limit)
    if type(stop).__name__ == "stop_any":
        limits = [limit for each in stop.stops if (limit := _allowed(each)) is not None]
        return min(limits, default=None)
    return None


@dataclass
class _Call:
    """What is known of one call that tenacity repeats."""

    begun: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    ids: dict[tuple[str, str, int], str] = field(default_factory=dict)


class LogicalRuns:
    """Gives the runs of this process their logical ids."""

    def __init__(self) -> None:
        """Start without any run."""
        self._last: dict[str, tuple[str, str]] = {}
        self._ordinals: Counter[tuple[str, str | None, int]] = Counter()
        self._calls: WeakKeyDictionary[Any, _Call] = WeakKeyDictionary()

    def identify(
        self,
        run_id: str,
        pipeline: str,
        step: str,
        *,
        scope: str | None,
        scope_attempt: int = 1,
        attempt: Attempt | None,
    ) -> str:
        """Return the logical id of a run that begins now.

        Args:
            run_id: Id of the run itself.
            pipeline: Name of its pipeline.
            step: The method that was called: "run", "extract", "normalize" or "load".
            scope: The orchestrator's name for what it repeats. Its runs are numbered, because the orchestrator repeats
                all of them.
            scope_attempt: Which attempt of that it is. Several may come in one process.
            attempt: tenacity's attempt that is under way. The first run of a pipeline in one attempt is repeated by
                the first one in the next attempt, the second by the second.
        """
        if attempt is None:
            logical = self._continued(pipeline, step) or self._new(run_id, pipeline, scope, scope_attempt)
        else:
            call = self._calls.setdefault(attempt.call, _Call())
            position = call.begun[attempt.number, pipeline, step]
            call.begun[attempt.number, pipeline, step] += 1
            logical = (
                call.ids.get((pipeline, step, position))
                or self._continued(pipeline, step)
                or self._new(run_id, pipeline, scope, scope_attempt)
            )
            call.ids[pipeline, step, position] = logical
        self._last[pipeline] = step, logical
        return logical

    def _continued(self, pipeline: str, step: str) -> str | None:
        last_step, logical = self._last.get(pipeline, ("", ""))
        return logical if last_step in _CONTINUES.get(step, ()) else None

    def _new(self, run_id: str, pipeline: str, scope: str | None, scope_attempt: int) -> str:
        key = pipeline, scope, scope_attempt
        self._ordinals[key] += 1
        return f"{scope}/{pipeline}/{self._ordinals[key]}" if scope else run_id
