"""Drop-ins for the two functions of the Slack example in dlt's documentation on alerting.

The messages are the same. What differs: result, arguments and exceptions of the decorated function are its own, and
whatever Slack does changes none of them. Pipelines need neither function, as Tocsin reports them by itself; these are
for code that uses the example already, and for jobs that are no pipelines.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import logging
import re
import traceback
from bisect import bisect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from tocsin.capture.quiet import quiet
from tocsin.channels.formats.block_kit import escape
from tocsin.channels.formats.literal import clean, cut, cut_middle
from tocsin.channels.http import post
from tocsin.core.redact import Redactor
from tocsin.errors import DeliveryError

#: Seconds that one message may take in all.
BUDGET = 5.0

#: Slack cuts a longer text (https://docs.slack.dev/reference/methods/chat.postMessage, "truncating content").
_MOST = 40_000
#: Slack splits a longer text into several messages, and a code block does not survive that.
_MOST_IN_ONE_PIECE = 4_000

_log = logging.getLogger("tocsin")
P = ParamSpec("P")
R = TypeVar("R")


@quiet
def message_slack(message: str, hook: str = "") -> None:
    """Send a message to Slack; if that fails, log one warning and return.

    Args:
        message: Text in Slack's own markup, sent as it is: `<!channel>` in it notifies the channel. Beyond 40,000
            characters it is cut, and says so.
        hook: URL of an incoming webhook. It is a secret: it appears in no warning.
    """
    if not hook:
        _log.warning("Slack was not told: no hook was given; pass message_slack(message, hook=URL)")
        return
    body = json.dumps({"text": cut(message, _MOST)}).encode()
    try:
        post(hook, body, {"Content-Type": "application/json"}, budget=BUDGET, read=BUDGET)
    except DeliveryError as error:
        _log.warning("Slack was not told: %s", error)


def on_finish_slack(hook: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function so that Slack hears how it ended.

    Functions, coroutine functions, generators and asynchronous generators stay what they are. A generator has
    succeeded when it is exhausted; one that is closed early is not reported. Values sent into an asynchronous
    generator do not reach it. `SystemExit`, `KeyboardInterrupt` and a cancelled task are not reported, as in the
    example. The traceback is redacted and escaped, and a long one is cut in the middle.

    Args:
        hook: URL of an incoming webhook.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        report = functools.partial(_Report, getattr(function, "__name__", type(function).__name__), hook)
        called = cast("Callable[..., Any]", function)

        @functools.wraps(function)
        def plain(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401  # what `function` returns
            with report():
                return called(*args, **kwargs)

        @functools.wraps(function)
        async def coroutine(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401  # what `function` returns
            async with report():
                return await called(*args, **kwargs)

        @functools.wraps(function)
        def generator(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, Any, Any]:
            with report():
                return (yield from called(*args, **kwargs))

        @functools.wraps(function)
        async def async_generator(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[Any]:
            async with report(), aclosing(called(*args, **kwargs)) as items:
                async for item in items:
                    yield item

        kinds: tuple[tuple[Callable[[object], bool], object], ...] = (
            (inspect.isasyncgenfunction, async_generator),
            (inspect.iscoroutinefunction, coroutine),
            (inspect.isgeneratorfunction, generator),
        )
        return cast("Callable[P, R]", next((wrapped for is_kind, wrapped in kinds if is_kind(function)), plain))

    return wrap


class _Report:
    """Tells Slack how the block ended, and never changes how it did."""

    def __init__(self, name: str, hook: str) -> None:
        self._name, self._hook = name, hook

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self._tell(error, trace)

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, _kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        # In a thread, so that other tasks go on while Slack answers.
        await asyncio.to_thread(self._tell, error, trace)

    @quiet
    def _tell(self, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            message_slack(f"*RUN SUCCEEDED!* Details: function `{escape(self._name)}` finished running", self._hook)
        elif isinstance(error, Exception):
            # The first frame is our own.
            lines = traceback.format_exception(type(error), error, trace and trace.tb_next)
            start = f"*RUN FAILED!* \n Details: function `{escape(self._name)}` failed with exception: \n ```"
            code = _code(Redactor()("".join(lines)), _MOST_IN_ONE_PIECE - len(start) - len(" ```"))
            message_slack(f"{start}{code} ```", self._hook)


def _code(text: str, most: int) -> str:
    """Make text safe inside a code block, and at most so long when it is escaped."""
    # Two backticks never stand side by side, so the text cannot end the block.
    text = re.sub("`(?=`)", "`\u200b", clean(text))

    def escaped(room: int) -> str:
        return escape(cut_middle(text, room))

    # How much grows by escaping depends on what is cut, so the room is searched for and not computed.
    return escaped(bisect(range(1, most + 1), most, key=lambda room: len(escaped(room))))
