"""`tocsin.watch` on everything that can be called or entered."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlt_scripts import start, wait
from tocsin.core.run import Outcome, Run

_FORMS = """
import asyncio, contextlib, threading
import tocsin

@tocsin.watch("function")
def function(a, *, b):
    "The docstring."
    return a + b

@tocsin.watch("coroutine")
async def coroutine(a):
    await asyncio.sleep(0)
    return a

@tocsin.watch("generator")
def generator():
    sent = yield 1
    yield sent
    return "returned"

@tocsin.watch("async generator")
async def async_generator():
    try:
        sent = yield 1
        yield sent
    except KeyError:
        yield "caught"

assert function(1, b=2) == 3
assert (function.__name__, function.__doc__) == ("function", "The docstring.")
assert asyncio.run(coroutine(4)) == 4

each = generator()
assert (next(each), each.send("sent")) == (1, "sent")
try:
    next(each)
except StopIteration as stop:
    assert stop.value == "returned"

async def use():
    each = async_generator()
    assert (await each.asend(None), await each.asend("sent")) == (1, "sent")
    assert await each.athrow(KeyError()) == "caught"
    assert [item async for item in each] == []
    async with tocsin.watch("async block"):
        await asyncio.sleep(0)

asyncio.run(use())
with tocsin.watch("block"):
    pass
"""


def _runs(source: str, folder: Path) -> tuple[int, dict[str, list[Run]]]:
    ended = wait(start(source, folder, {"TOCSIN__HANDOVER": "none", "TOCSIN__ENABLED": "true"}), folder)
    assert ended.err == ""
    runs: dict[str, list[Run]] = {}
    for run in ended.ended():
        runs.setdefault(run.pipeline, []).append(run)
    return ended.code, runs


def test_every_form_is_one_run_and_passes_everything_through(tmp_path: Path) -> None:
    """Arguments, results, what is sent in and thrown in, and names and docstrings are those of the callable."""
    code, runs = _runs(_FORMS, tmp_path)

    assert code == 0
    names = {"function", "coroutine", "generator", "async generator", "async block", "block"}
    assert {name: [run.outcome for run in of_name] for name, of_name in runs.items()} == {
        name: [Outcome.SUCCEEDED] for name in names
    }


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("raise ValueError('broken')", Outcome.FAILED),
        ("raise SystemExit(3)", Outcome.EXITED),
        # Whoever says that all is well is believed.
        ("raise SystemExit(0)", Outcome.SUCCEEDED),
        ("raise KeyboardInterrupt", Outcome.INTERRUPTED),
        # A generator that is not read to its end has not failed.
        ("raise GeneratorExit", Outcome.SUCCEEDED),
    ],
)
def test_each_end_has_its_outcome_and_the_exception_goes_on(body: str, outcome: Outcome, tmp_path: Path) -> None:
    """What is raised in a block leaves it unchanged, and is told by its kind."""
    source = f"""
import tocsin
try:
    with tocsin.watch("job"):
        {body}
except BaseException as error:
    assert error.__traceback__.tb_next is None, "a frame of ours is in the traceback"
else:
    raise AssertionError("it was swallowed")
"""
    code, runs = _runs(source, tmp_path)

    assert (code, [run.outcome for run in runs["job"]]) == (0, [outcome])


def test_one_watch_serves_threads_and_tasks_at_once(tmp_path: Path) -> None:
    """Blocks that overlap end their own run: the one that fails is the one that failed."""
    source = """
import asyncio
import tocsin

job = tocsin.watch("job")

async def block(seconds, error):
    async with job:
        await asyncio.sleep(seconds)
        if error:
            raise error

async def main():
    await asyncio.gather(block(0.3, None), block(0.1, ValueError("short")), return_exceptions=True)

asyncio.run(main())
"""
    _, runs = _runs(source, tmp_path)

    ended = sorted(runs["job"], key=lambda run: run.duration or 0)
    assert [run.outcome for run in ended] == [Outcome.FAILED, Outcome.SUCCEEDED]


def test_the_alert_of_a_pipeline_inside_is_not_told_twice(tmp_path: Path) -> None:
    """A job that fails because a pipeline in it failed says so, and leaves the telling to the pipeline's run."""
    source = """
import dlt
import tocsin

def broken():
    raise ValueError("broken")
    yield

try:
    with tocsin.watch("nightly"):
        dlt.pipeline("orders", destination="duckdb").run(broken(), table_name="orders")
except Exception:
    pass
"""
    _, runs = _runs(source, tmp_path)

    assert (runs["orders"][0].outcome, runs["orders"][0].told_elsewhere) == (Outcome.FAILED, False)
    assert (runs["nightly"][0].outcome, runs["nightly"][0].told_elsewhere) == (Outcome.FAILED, True)
