"""What a state of Prefect keeps of an exception."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def error_of(state: Any) -> BaseException | None:  # noqa: ANN401  # a State of Prefect's
    """Return the exception that a state holds, or the first one of the states in it; None without one.

    Nothing is read from where results are kept: an exception that is no more at hand is not looked for.
    """
    # A result that is at hand is in a record with where it is kept.
    data = getattr(state.data, "result", state.data)
    if isinstance(data, BaseException):
        return data
    inside = [data] if _is_state(data) else data if isinstance(data, Iterable) and not isinstance(data, str) else ()
    errors = (error_of(each) for each in inside if _is_state(each) and not each.is_completed())
    return next((error for error in errors if error is not None), None)


def _is_state(value: object) -> bool:
    return hasattr(value, "is_completed") and hasattr(value, "data")
