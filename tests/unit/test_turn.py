"""Threads that write to one store take turns."""

from __future__ import annotations

import threading
import time

import pytest

from tocsin.errors import StoreLocked
from tocsin.store.turn import Turn

_CEILING = 60.0


def test_turns_go_in_the_order_in_which_they_were_asked_for() -> None:
    """A thread that asks again at once comes after those that wait."""
    turn = Turn("memory", _CEILING)
    order: list[str] = []
    waiting: list[threading.Thread] = []
    asked = threading.Event()

    def once(name: str) -> None:
        with turn.taken():
            order.append(name)

    def again_and_again() -> None:
        for number in range(3):
            with turn.taken():
                order.append(f"greedy {number}")
                if not number:
                    asked.wait(_CEILING)

    greedy = threading.Thread(target=again_and_again)
    greedy.start()
    _wait_for(turn, 1)
    for name in ("first", "second"):
        waiting.append(threading.Thread(target=once, args=(name,)))
        waiting[-1].start()
        _wait_for(turn, 1 + len(waiting))
    asked.set()
    for thread in (greedy, *waiting):
        thread.join(_CEILING)
    assert order == ["greedy 0", "first", "second", "greedy 1", "greedy 2"]


def test_who_has_lost_patience_holds_up_nobody() -> None:
    """The turn that it would have had goes to the next."""
    turn = Turn("memory", 0.01)
    with turn.taken():
        with pytest.raises(StoreLocked, match="the store memory was locked by another thread"), turn.taken():
            pass
        assert len(turn._queue) == 1
    with turn.taken():
        pass


def _wait_for(turn: Turn, number: int) -> None:
    """Wait until so many threads have or want the turn."""
    until = time.monotonic() + _CEILING
    while len(turn._queue) != number and time.monotonic() < until:
        time.sleep(0.001)
    assert len(turn._queue) == number
