"""Signals that are put off, errors that are told once, and programs that are no pipelines."""

from __future__ import annotations

import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tocsin.capture.guards import Sigterm, is_tool, mark_told, was_told


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """What was called, with a handler of the user's that notes itself and is put back afterwards."""
    noted: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: noted.append(f"user {number}"))
    yield noted
    signal.signal(signal.SIGTERM, before)


def _guard(calls: list[str]) -> Sigterm:
    return Sigterm(received=lambda: calls.append("received"), ending=lambda: calls.append("ending"))


def test_signal_is_noted_before_the_users_handler(calls: list[str]) -> None:
    """The user's handler is called after ours has noted the signal, and nothing is taken for the end."""
    guard = _guard(calls)
    assert guard.install()
    signal.raise_signal(signal.SIGTERM)
    assert calls == ["received", "user 15"]


def test_signal_is_put_off(calls: list[str]) -> None:
    """A signal that comes while we work is handled when we are done, once."""
    guard = _guard(calls)
    guard.install()
    with guard.held():
        with guard.held():
            signal.raise_signal(signal.SIGTERM)
        assert calls == []
    assert calls == ["received", "user 15"]


def test_other_threads_hold_nothing(calls: list[str]) -> None:
    """Signals are handled by the main thread, so the work of another thread puts none of them off."""
    guard = _guard(calls)
    guard.install()
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        with guard.held():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(60)
    signal.raise_signal(signal.SIGTERM)
    leave.set()
    thread.join()
    assert calls == ["received", "user 15"]


def test_handler_is_given_back(calls: list[str]) -> None:
    """After the run the user's handler is in its place; a handler that came later stays."""
    users = signal.getsignal(signal.SIGTERM)
    guard = _guard(calls)
    guard.install()
    assert not guard.install()
    guard.restore()
    assert signal.getsignal(signal.SIGTERM) is users
    guard.install()
    later = signal.default_int_handler
    signal.signal(signal.SIGTERM, later)
    guard.restore()
    assert signal.getsignal(signal.SIGTERM) is later


def test_where_nothing_is_installed(calls: list[str]) -> None:
    """In other threads handlers cannot be set, and a signal that is ignored stays ignored."""
    guard = _guard(calls)
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(guard.install()))
    thread.start()
    thread.join()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert [*answers, guard.install()] == [False, False]


def test_process_one_keeps_its_handler(calls: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first process of a container does not end by SIGTERM's default action, so its end is not told."""
    monkeypatch.setattr("os.getpid", lambda: 1)
    assert not _guard(calls).install()


def test_mark_follows_an_error() -> None:
    """An error that was told is known again when it is wrapped, hidden by `from None`, or pickled by a pool."""
    told, other = ValueError("told"), ValueError("other")
    mark_told(told)
    wrapped, hidden = RuntimeError(), RuntimeError()
    wrapped.__cause__ = told
    hidden.__context__, hidden.__suppress_context__ = wrapped, True
    assert all(was_told(error) for error in (told, wrapped, hidden, pickle.loads(pickle.dumps(told))))  # noqa: S301
    assert not was_told(other)


def test_errors_in_a_circle() -> None:
    """Errors that lead to each other are followed once."""
    first, second = ValueError(), ValueError()
    first.__context__, second.__context__ = second, first
    assert not was_told(first)


def test_error_that_refuses_the_mark() -> None:
    """An error whose class refuses attributes is left as it is."""

    class Strict(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    error = Strict()
    mark_told(error)
    assert not was_told(error)


@pytest.mark.parametrize(
    ("program", "module", "is_one"),
    [
        ("/usr/bin/dlt", None, True),
        ("/venv/bin/pytest", None, True),
        ("/venv/lib/tocsin/__main__.py", "tocsin.__main__", True),
        ("/jobs/orders.py", None, False),
        ("/jobs/pipelines/__main__.py", "pipelines.__main__", False),
        # A script that is called like a tool plus something is a script.
        ("/jobs/dlt_orders.py", None, False),
    ],
)
def test_tools(monkeypatch: pytest.MonkeyPatch, program: str, module: str | None, is_one: bool) -> None:  # noqa: FBT001
    """Command lines that inspect pipelines are told from programs that run them."""
    spec = SimpleNamespace(name=module) if module else None
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__spec__=spec))
    monkeypatch.setattr("sys.argv", [program])
    assert is_tool() is is_one
