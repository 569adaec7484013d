"""Writes of several threads as one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from tocsin.store.protocol import Store, Transaction

T = TypeVar("T")


@dataclass(eq=False)
class _Work(Generic[T]):
    """What one thread wants to have written."""

    do: Callable[[Transaction], T]
    done: bool = False
    result: T | None = None
    error: Exception | None = None


class Together:
    """Commits what threads write at the same time once for all of them.

    A commit waits for the disk, and that is most of what sending a message costs. While one thread waits, what the
    others want to write gathers, and the next commit takes all of it.
    """

    def __init__(self, store: Store) -> None:
        """Write to this store."""
        self._store = store
        self._gathered: list[_Work[Any]] = []
        self._gathering = threading.Lock()
        self._turn = threading.Lock()

    def write(self, do: Callable[[Transaction], T]) -> T:
        """Do something in a transaction, return its result when it is committed.

        Args:
            do: Must not depend on what it did before: it is done again by itself if something else in the same
                transaction fails.

        Raises:
            StoreError: The store cannot be written.
        """
        work = _Work(do)
        with self._gathering:
            self._gathered.append(work)
        with self._turn:
            if not work.done:
                with self._gathering:
                    gathered, self._gathered = self._gathered, []
                # It is missing there if the thread that wanted to commit it was interrupted.
                self._commit(gathered if work in gathered else [work])
        if work.error is not None:
            raise work.error
        return cast("T", work.result)

    def _commit(self, gathered: Sequence[_Work[Any]]) -> None:
        try:
            with self._store.writing() as tx:
                for work in gathered:
                    work.result = work.do(tx)
        except Exception as error:  # noqa: BLE001  # it is raised in the thread whose work it is
            for work in gathered:
                if len(gathered) > 1:
                    self._commit([work])
                else:
                    work.error = error
        for work in gathered:
            work.done = True
