"""The drop-ins for the documented Slack example, against a real HTTP server.

The defects named here are those of the example as it is printed: it posts inside the `try` that runs the job, turns
an HTTP error into SystemExit, returns nothing and takes no keyword arguments.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import socket
import threading
from collections.abc import AsyncGenerator, Generator, Iterator

import pytest

from receiver import Connection, Receiver, answer, receiving, silence
from tocsin import slack


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """A local stand-in for Slack's incoming webhooks."""
    with receiving() as running:
        yield running


@pytest.fixture
def unreachable() -> str:
    """The address of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return f"http://127.0.0.1:{closed.getsockname()[1]}/services/T0/B0/s3cr3t-hook"


def told(hook: Receiver) -> list[str]:
    """Return the messages that arrived since the last look."""
    texts = [request.json["text"] for request in hook.requests]
    hook.requests.clear()
    return texts


def warning_of(caplog: pytest.LogCaptureFixture) -> str:
    """Return the only warning, which must not show the hook."""
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert record.name == "tocsin"
    assert "s3cr3t" not in caplog.text
    return record.getMessage()


def test_a_success_is_told_in_the_words_of_the_example(hook: Receiver) -> None:
    """The message of a success is that of the example."""

    @slack.on_finish_slack(hook=hook.url)
    def succeeding_function() -> int:
        return 1

    succeeding_function()
    assert told(hook) == ["*RUN SUCCEEDED!* Details: function `succeeding_function` finished running"]


def test_a_failure_is_told_with_its_traceback_and_raised(hook: Receiver) -> None:
    """The message of a failure is that of the example, without our own frame, and the exception goes on."""

    @slack.on_finish_slack(hook=hook.url)
    def failing_function() -> float:
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        failing_function()
    (text,) = told(hook)
    start = "*RUN FAILED!* \n Details: function `failing_function` failed with exception: \n ```Traceback (most recent"
    assert text.startswith(start)
    assert text.endswith("ZeroDivisionError: division by zero\n ```")
    assert "in failing_function" in text
    assert "slack.py" not in text


def test_result_and_keyword_arguments_pass_through(hook: Receiver) -> None:
    """The example drops what the function returns and refuses keyword arguments; here both pass."""

    @slack.on_finish_slack(hook.url)
    def add(first: int, *, second: int = 0) -> int:
        """Add."""
        return first + second

    assert add(1, second=2) == 3
    assert (add.__name__, add.__doc__) == ("add", "Add.")
    assert str(inspect.signature(add)) == "(first: 'int', *, second: 'int' = 0) -> 'int'"


def test_a_500_changes_no_success(hook: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """With the hook answering 500 the example turns a successful job into SystemExit; here the result is returned."""
    hook.answers(answer(500))

    @slack.on_finish_slack(hook.url)
    def job() -> str:
        return "loaded"

    assert job() == "loaded"
    assert len(told(hook)) == 1
    assert "500" in warning_of(caplog)


def test_an_unreachable_hook_changes_no_success(unreachable: str, caplog: pytest.LogCaptureFixture) -> None:
    """With the hook unreachable the example reports a success as a failure and raises; here the result is returned."""

    @slack.on_finish_slack(unreachable)
    def job() -> str:
        return "loaded"

    assert job() == "loaded"
    assert "cannot be reached" in warning_of(caplog)


def test_a_silent_hook_changes_no_success(
    hook: Receiver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a hook that never answers the example waits forever; here the budget ends it, by default after 5 seconds."""
    assert slack.BUDGET == 5
    monkeypatch.setattr(slack, "BUDGET", 0.3)
    hook.answers(silence)

    @slack.on_finish_slack(hook.url)
    def job() -> str:
        return "loaded"

    assert job() == "loaded"
    assert "no answer" in warning_of(caplog)


@pytest.mark.parametrize("status", [500, 404])
def test_a_failing_hook_does_not_replace_the_jobs_exception(
    hook: Receiver, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """The caller of a failing job sees its own exception and nothing of Slack's, not even as its context."""
    hook.answers(answer(status))

    @slack.on_finish_slack(hook.url)
    def job() -> None:
        raise LookupError("orders")

    with pytest.raises(LookupError, match="orders") as raised:
        job()
    assert raised.value.__context__ is None
    assert str(status) in warning_of(caplog)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "no hook was given"),
        ("hooks.slack.example/services/T0/B0/s3cr3t-hook", "no address"),
        ("https://[broken/services/T0/B0/s3cr3t-hook", "no address"),
        ("http://127.0.0.1:1/services/T0/B0/s3cr3t-hook \n", "cannot"),
    ],
)
def test_a_hook_that_is_no_address_is_one_warning(given: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong hook is said in one warning, which does not repeat it."""
    slack.message_slack("done", hook=given)
    assert said in warning_of(caplog)


def test_a_message_is_sent_in_the_users_own_markup(hook: Receiver) -> None:
    """What the user writes is theirs: links and mentions in it stay as they are."""
    slack.message_slack("<!channel> <https://docs.example|see> *now* \u00e4", hook=hook.url)
    assert told(hook) == ["<!channel> <https://docs.example|see> *now* \u00e4"]


def test_a_message_beyond_slacks_limit_says_what_is_missing(hook: Receiver) -> None:
    """Slack would cut after 40,000 characters without a word; the cut is made before and counted."""
    slack.message_slack("x" * 50_000, hook=hook.url)
    (text,) = told(hook)
    assert len(text) <= 40_000
    assert text.endswith(f" … {50_000 - text.count('x'):,} characters left out")


def test_nothing_in_an_exception_is_live(hook: Receiver) -> None:
    """An exception can ping no channel, place no link, end no code block and reverse no text."""

    @slack.on_finish_slack(hook.url)
    def job() -> None:
        raise ValueError("<!channel> & <https://evil.example|bill> ``` *bold* ````\u202e \x00 <@U1>")

    with pytest.raises(ValueError, match="channel"):
        job()
    (text,) = told(hook)
    code = text.split("```", 1)[1].removesuffix(" ```")
    assert not {"<", "\u202e", "\x00"} & set(code)
    assert "``" not in code
    assert "&lt;!channel&gt; &amp; &lt;https" in code


def test_a_secret_in_an_exception_stays_here(hook: Receiver) -> None:
    """The traceback is redacted before it leaves the process."""

    @slack.on_finish_slack(hook.url)
    def job() -> None:
        raise ConnectionError("cannot connect to " + "postgresql://loader:hunter2hunter2@db.example:5432/dwh")

    with pytest.raises(ConnectionError):
        job()
    (text,) = told(hook)
    assert "hunter2hunter2" not in text
    assert "ConnectionError" in text
    assert "db.example" in text


def test_an_exception_that_cannot_be_printed_is_named(hook: Receiver) -> None:
    """Where the text of an exception breaks, its class is told and the exception goes on."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @slack.on_finish_slack(hook.url)
    def job() -> None:
        raise Broken

    with pytest.raises(Broken):
        job()
    assert "Broken: <exception str() failed>".replace("<", "&lt;").replace(">", "&gt;") in told(hook)[0]


@pytest.mark.parametrize("length", [1, 100, 400, 800, 1_200, 2_000])
def test_a_long_traceback_is_cut_in_the_middle(hook: Receiver, length: int) -> None:
    """A long traceback fills one message with its first and last words, and says how much is left out."""

    @slack.on_finish_slack(hook.url)
    def job() -> None:
        raise ValueError("first line " * length + "\n" + "<" * 8_000 + "the last words")

    with pytest.raises(ValueError, match="the last words"):
        job()
    (text,) = told(hook)
    assert 3_000 < len(text) <= 4_000
    assert "```Traceback (most recent call last):" in text
    assert "characters left out" in text
    assert text.endswith("&lt;the last words\n ```")
    assert not re.search("&(?!lt;)|(?<!&)lt;", text)


def test_a_coroutine_function_stays_one(hook: Receiver) -> None:
    """The outcome of an awaited job is reported when it has ended, not when its coroutine was made."""

    @slack.on_finish_slack(hook.url)
    async def job(word: str) -> str:
        await asyncio.sleep(0)
        assert told(hook) == []
        if word == "bad":
            raise LookupError(word)
        return word

    assert inspect.iscoroutinefunction(job)
    assert asyncio.run(job(word="good")) == "good"
    assert [text[:16] for text in told(hook)] == ["*RUN SUCCEEDED!*"]
    with pytest.raises(LookupError):
        asyncio.run(job("bad"))
    assert [text[:13] for text in told(hook)] == ["*RUN FAILED!*"]


def test_other_tasks_go_on_while_slack_answers(hook: Receiver) -> None:
    """In an event loop the message is sent beside it: another task can let the hook answer."""
    asked, release = threading.Event(), threading.Event()

    def answer_when_released(connection: Connection) -> None:
        asked.set()
        assert release.wait(30)
        answer()(connection)

    hook.answers(answer_when_released)

    @slack.on_finish_slack(hook.url)
    async def job() -> str:
        return "loaded"

    async def main() -> str:
        waiting = asyncio.create_task(job())
        assert await asyncio.to_thread(asked.wait, 30)
        release.set()
        return await waiting

    assert asyncio.run(main()) == "loaded"


def test_a_generator_is_reported_when_it_is_exhausted(hook: Receiver) -> None:
    """The example reports a generator before its first line ran; here it stays one and its end is what counts."""

    @slack.on_finish_slack(hook.url)
    def numbers(most: int) -> Generator[int, str, str]:
        for number in range(most):
            assert (yield number) == "next"
        return "end"

    assert inspect.isgeneratorfunction(numbers)
    items = numbers(most=2)
    assert (next(items), items.send("next")) == (0, 1)
    assert told(hook) == []
    with pytest.raises(StopIteration) as stopped:
        items.send("next")
    assert stopped.value.value == "end"
    assert [text[:16] for text in told(hook)] == ["*RUN SUCCEEDED!*"]


def test_a_generator_that_fails_or_is_closed_early(hook: Receiver) -> None:
    """A failing generator is reported as one; closing one early is neither success nor failure."""

    @slack.on_finish_slack(hook.url)
    def numbers() -> Iterator[int]:
        yield 1
        raise LookupError

    closed = numbers()
    next(closed)
    closed.close()  # type: ignore[attr-defined]  # the iterator is a generator
    assert told(hook) == []
    with pytest.raises(LookupError):
        list(numbers())
    assert [text[:13] for text in told(hook)] == ["*RUN FAILED!*"]


def test_an_asynchronous_generator_stays_one(hook: Receiver) -> None:
    """Its items pass, its end is reported, and its clean-up runs when the consumer stops early."""
    cleaned: list[int] = []

    @slack.on_finish_slack(hook.url)
    async def numbers(most: int) -> AsyncGenerator[int, None]:
        try:
            for number in range(most):
                yield number
        finally:
            cleaned.append(most)

    async def early() -> int:
        items = numbers(7)
        first = await anext(items)
        await items.aclose()
        return first

    async def whole() -> list[int]:
        return [number async for number in numbers(3)]

    assert inspect.isasyncgenfunction(numbers)
    assert asyncio.run(early()) == 0
    assert (told(hook), cleaned) == ([], [7])
    assert asyncio.run(whole()) == [0, 1, 2]
    assert [text[:16] for text in told(hook)] == ["*RUN SUCCEEDED!*"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_an_exit_and_an_interrupt_pass_without_a_message(hook: Receiver, kind: type[BaseException]) -> None:
    """As in the example, only exceptions are failures; an exit goes on as it was."""

    @slack.on_finish_slack(hook.url)
    def job() -> None:
        raise kind(3)

    with pytest.raises(kind) as raised:
        job()
    assert raised.value.args == (3,)
    assert told(hook) == []
