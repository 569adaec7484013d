"""What a type checker sees of the public names. Nobody runs this: mypy reads it in `make lint`, pyright in `nox`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from pathlib import Path
from typing import assert_type

import tocsin
from tocsin.core.run import Run
from tocsin.slack import message_slack, on_finish_slack
from tocsin.testing import FakeClock, RecordingChannel, Rehearsal, make_run

assert_type(tocsin.__version__, str)


@tocsin.watch("plain", schedule="0 6 * * *", timezone="Europe/Berlin", start_within="15m", finish_within=timedelta(1))
def plain(number: int, *, word: str = "") -> str:
    """Keep parameters and result."""
    return word * number


@tocsin.watch("generating")
def generating(number: int) -> Generator[int, str, bool]:
    """Stay a generator, with all that goes in and comes out."""
    yield number
    return True


@tocsin.watch("awaited")
async def awaited(number: int) -> str:
    """Stay a coroutine function."""
    return str(number)


@tocsin.watch("streaming")
async def streaming(number: int) -> AsyncGenerator[int, None]:
    """Stay an asynchronous generator."""
    yield number


def block() -> int:
    """A block that hides no exception: what returns in it needs no second return behind it."""
    with tocsin.watch("block") as given:
        assert_type(given, None)
        return 1


@tocsin.check(pipeline="support", table="calls", owner="support", warn_over="1%", sample=["id"], timeout=30)
def every_call_has_a_customer(dataset: object) -> str:
    """Stay what it was."""
    return "SELECT id FROM calls WHERE customer_id IS NULL" if dataset else ""


@on_finish_slack(hook="https://hooks.example.com")
def job(number: int) -> list[int]:
    """Return what it returned."""
    return [number]


async def used() -> None:
    """Use what is above and below, with values of the types that are meant."""
    assert_type(plain(2, word="ab"), str)
    assert_type(generating(1), Generator[int, str, bool])
    assert_type(await awaited(1), str)
    assert_type(streaming(1), AsyncGenerator[int, None])
    assert_type(every_call_has_a_customer(None), str)
    assert_type(job(1), list[int])
    tocsin.enable()
    tocsin.notify("backfill done", severity="info", pipeline="orders")
    tocsin.check("SELECT 1", pipeline="orders", name="one")
    message_slack("hello", hook="https://hooks.example.com")
    tocsin.slack.message_slack("hello")


def rehearsed(home: Path) -> None:
    """Test settings."""
    rehearsal = Rehearsal("[tocsin]", home=home)
    assert_type(make_run("orders", outcome="failed", rows={"orders": 1}), Run)
    rehearsal.report(make_run("orders"))
    assert_type(rehearsal.heard(), dict[str, list[str]])
    assert_type(rehearsal.channels, dict[str, RecordingChannel])
    assert_type(rehearsal.clock, FakeClock)


def misused() -> None:
    """Get what a checker has to refuse: an ignored error that is none is an error."""
    plain("two")  # type: ignore[arg-type]
    tocsin.notify(1)  # type: ignore[arg-type]
    tocsin.check("SELECT 1", pipeline="orders")  # type: ignore[call-overload]
    tocsin.watch()  # type: ignore[call-arg]
