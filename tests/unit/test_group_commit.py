"""Many requests, one commit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from made import NOON
from tocsin.core.inbox import Received
from tocsin.errors import StoreError
from tocsin.store.memory import MemoryStore, MemoryTransaction
from tocsin.web.api import group_commit
from tocsin.web.api.group_commit import GroupCommit
from tocsin.web.problem import Problem


class _Disk(MemoryStore):
    """A store whose commits wait, fail and are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = threading.Event()
        self.ready.set()
        self.commits = 0
        self.error: Exception | None = None

    @contextmanager
    def appending(self) -> Iterator[MemoryTransaction]:
        self.ready.wait(60)
        with super().appending() as tx:
            yield tx
            if self.error is not None:
                raise self.error
            self.commits += 1

    def kept(self) -> list[str]:
        with self.reading() as tx:
            return sorted(one.event_id for one in tx.received(10_000))


def _events(*names: str) -> list[Received]:
    return [Received(event_id=name, text="{}", at=NOON) for name in names]


class _Told:
    """Counts what a commit tells."""

    def __init__(self) -> None:
        self.woken = 0
        self.committed = 0

    def wake(self) -> None:
        self.woken += 1
        raise OSError("nobody is there")

    def count(self, events: int) -> None:
        self.committed += events


async def _gathered(disk: _Disk, inbox: GroupCommit, *names: str) -> list[asyncio.Task[None]]:
    """Return a request an event: the first is being committed to a disk that waits, and the others gather behind it."""
    disk.ready.clear()
    requests = [asyncio.create_task(inbox.append(_events(names[0])))]
    while inbox._committing is None or inbox._gathered:  # noqa: ASYNC110  # it tells nobody that it has begun
        await asyncio.sleep(0)
    requests += [asyncio.create_task(inbox.append(_events(name))) for name in names[1:]]
    while len(inbox._gathered) < len(names) - 1:  # noqa: ASYNC110  # see above
        await asyncio.sleep(0)
    return requests


def test_what_comes_while_the_disk_is_waited_for_is_committed_together() -> None:
    """A hundred requests take two commits: the first that came, and the others; nobody is answered before."""

    async def ask() -> None:
        disk, told = _Disk(), _Told()
        inbox = GroupCommit(disk, told.wake, told.count)
        requests = await _gathered(disk, inbox, *(f"{n:02}" for n in range(100)))
        assert not any(request.done() for request in requests)
        assert disk.kept() == []
        disk.ready.set()
        await asyncio.gather(*requests)
        assert (disk.commits, told.committed, told.woken) == (2, 100, 2)
        assert disk.kept() == [f"{n:02}" for n in range(100)]
        await inbox.close()

    asyncio.run(ask())


def test_who_hangs_up_takes_nothing_from_others() -> None:
    """A request that is cancelled while it is committed may be kept; all that were answered are."""

    async def ask() -> None:
        disk, told = _Disk(), _Told()
        inbox = GroupCommit(disk, told.wake, told.count)
        requests = await _gathered(disk, inbox, "0", "1", "2", "3")
        requests[0].cancel()
        requests[2].cancel()
        disk.ready.set()
        answers = await asyncio.gather(*requests, return_exceptions=True)
        assert [answer is None for answer in answers] == [False, True, False, True]
        assert {"1", "3"} <= set(disk.kept())
        await inbox.append(_events("5"))
        await inbox.close()
        assert "5" in disk.kept()

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("error", "status"), [(StoreError("no space"), 503), (ZeroDivisionError("our own"), 500)], ids=["store", "ours"]
)
def test_a_commit_that_fails_is_no_answer_that_it_was_kept(error: Exception, status: int) -> None:
    """All whose events were in it hear so, and the next commit is another one."""

    async def ask() -> None:
        disk, told = _Disk(), _Told()
        inbox = GroupCommit(disk, told.wake, told.count)
        disk.error = error
        answers = await asyncio.gather(*(inbox.append(_events(f"{n}")) for n in range(3)), return_exceptions=True)
        assert [isinstance(answer, Problem) and answer.status for answer in answers] == [status] * 3
        assert (disk.kept(), told.committed, told.woken) == ([], 0, 0)
        disk.error = None
        await inbox.append(_events("later"))
        assert disk.kept() == ["later"]
        await inbox.close()

    asyncio.run(ask())


def test_the_end_waits_for_what_has_begun() -> None:
    """What has gathered is committed before the thread ends."""

    async def ask() -> None:
        disk, told = _Disk(), _Told()
        inbox = GroupCommit(disk, told.wake, told.count)
        requests = await _gathered(disk, inbox, "0", "1", "2")
        closing = asyncio.create_task(inbox.close())
        disk.ready.set()
        await closing
        assert disk.kept() == ["0", "1", "2"]
        await asyncio.gather(*requests)

    asyncio.run(ask())


def test_a_queue_that_is_full_turns_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 429 and a time to come again, so that memory has an end; who waits already is served."""
    monkeypatch.setattr(group_commit, "_MOST_GATHERED", 3)

    async def ask() -> None:
        disk, told = _Disk(), _Told()
        inbox = GroupCommit(disk, told.wake, told.count)
        requests = await _gathered(disk, inbox, "0", "1", "2")
        with pytest.raises(Problem) as refused:
            await inbox.append(_events("a", "b"))
        assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "5"})
        assert "2 events wait to be written" in refused.value.detail
        disk.ready.set()
        await asyncio.gather(*requests)
        await inbox.close()

    asyncio.run(ask())


def test_a_server_whose_engine_is_behind_turns_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The inbox has an end too; it takes again once the engine has caught up."""
    monkeypatch.setattr(group_commit, "MOST_WAITING", 2)
    monkeypatch.setattr(group_commit, "_ASK_EVERY", 0)
    monkeypatch.setattr(group_commit, "_COME_AGAIN", 0.05)

    async def ask() -> None:
        disk, told = _Disk(), _Told()
        inbox = GroupCommit(disk, told.wake, told.count)
        await inbox.append(_events("a", "b"))
        with pytest.raises(Problem) as refused:
            await inbox.append(_events("c"))
        assert refused.value.status == 429
        assert "2 events or more wait to be taken in" in refused.value.detail
        with disk.writing() as tx:
            tx.drop_received([one.number for one in tx.received(10)])
        await asyncio.sleep(0.1)
        await inbox.append(_events("c"))
        assert disk.kept() == ["c"]
        await inbox.close()

    asyncio.run(ask())
