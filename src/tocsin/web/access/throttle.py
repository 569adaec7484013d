"""How often a password may be guessed. The store counts, so that all servers of a fleet count together."""

from __future__ import annotations

from datetime import timedelta

from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction
from tocsin.web.problem import Problem

#: Logins that failed longer ago are forgiven.
WITHIN = timedelta(minutes=15)
#: Whoever knows a name can lock it out for that long; whoever guesses has 960 guesses a day.
MOST_BY_NAME = 10
#: An office may share one address.
MOST_BY_ADDRESS = 30


def check(engine: Engine, tx: Transaction, *, name: str, origin: str) -> None:
    """Let nobody guess on who has guessed enough, be the next guess right or wrong.

    Raises:
        Problem: 429, with the time to wait.
    """
    since = engine.clock() - WITHIN
    by_name = tx.count_failed_logins(since=since, most=MOST_BY_NAME, user=name)
    by_address = tx.count_failed_logins(since=since, most=MOST_BY_ADDRESS, origin=origin)
    if by_name >= MOST_BY_NAME or by_address >= MOST_BY_ADDRESS:
        raise too_many()


def too_many() -> Problem:
    """Return the answer to who has to wait."""
    minutes = int(WITHIN.total_seconds() // 60)
    return Problem(
        429,
        f"Too many logins have failed, of this name or from this address. Try again in {minutes} minutes.",
        {"Retry-After": str(int(WITHIN.total_seconds()))},
    )
