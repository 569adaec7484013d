"""Why a run failed, where all that is left of the exception is text: what another program reported.

The exceptions are read back out of the traceback and given to `explain`, which knows them by their names.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePath

from tocsin.core.cause import Cause
from tocsin.core.explain.compose import cleaner, explain
from tocsin.core.explain.foreign import LONGEST_TEXT
from tocsin.core.explain.frames import end_of
from tocsin.core.explain.hints import COMES_BACK, PASSES
from tocsin.core.explain.scene import RunFacts

_TRACEBACK = "Traceback (most recent call last):\n"
#: What Python prints between the exceptions of a chain.
_BETWEEN = re.compile(r"\n(?:The above exception was the direct cause|During handling of the above exception)")
_FRAME = re.compile(r'^  File "(?P<file>[^"\n]+)", line (?P<line>\d+), in (?P<function>.+)$', re.MULTILINE)
_LIBRARY = re.compile(r"(site-packages|dist-packages)[/\\]|[/\\]lib[/\\]python3|^<(?!stdin|string|ipython)")
#: "package.module.Class: what it says", or the class alone.
_RAISED = re.compile(r"(?P<name>[A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$<>]*)*)(?:: (?P<said>.*))?\Z", re.DOTALL)
#: A line of a Java stack trace that names an exception.
_JAVA = re.compile(
    r'^(?:Exception in thread "[^"\n]*" |Caused by: )?(?P<name>[A-Za-z_]\w*(?:\.[\w$]+)+)(?:: (?P<said>.*))?$',
    re.MULTILINE,
)
#: "503 Server Error: Service Unavailable for url: https://…", as requests and httpx say it.
_ANSWER = re.compile(r"\b(?P<status>[345]\d\d) (?:Client|Server) Error\b(?:.*? for url: (?P<url>\S+))?", re.DOTALL)
#: Exceptions of a chain, and characters of a text, that are read from the end.
_MOST, _LONGEST = 50, 64 * 1024


@dataclass(frozen=True, kw_only=True)
class _Told:
    """One exception of a chain, as text."""

    #: Qualified, but for Python's own.
    name: str
    said: str
    #: Its part of the traceback.
    text: str = ""


def explain_told(message: str, *, trace: str = "", language: str = "", redact: Callable[[str], str]) -> Cause:
    """Return why a run failed, by what another program tells of it.

    Never raises.

    Args:
        message: What the exception says, or "package.Class: what it says".
        trace: The stack trace as the language prints it, or nothing.
        language: "python", "java", "sql"…, in any case.
        redact: Takes secrets out of a text; see `explain`.
    """
    trace, clean = trace[-_LONGEST:].replace("\r\n", "\n"), cleaner(redact)
    python = _read_python(trace)
    told = python or _read_java(trace) or [_read_message(message[:_LONGEST], language)]
    # What wraps an exception of Java only says where: the innermost tells.
    cause = explain(_raised(python or told[-1:]), redact=redact, facts=RunFacts(pipeline=""))
    shown = len(cause.chain) - 1
    places = (_place(one.text) for one in (*python[shown::-1], *python[shown:]))
    location = next((clean(place) for place in places if place), None)
    look = f"look at {location}" if location else "see the log of the run"
    # The advice is for programs in Python that use dlt.
    neutral = PASSES if cause.transient else COMES_BACK
    return replace(
        cause,
        hint=cause.hint.replace("see the traceback", look) if python else neutral,
        chain=tuple(clean(one.name.rpartition(".")[2]) for one in told) if not python else cause.chain,
        location=location,
        traceback=end_of(clean(trace).strip()),
    )


def _read_python(trace: str) -> list[_Told]:
    """Return the exceptions of a traceback, the outermost first."""
    told: list[_Told] = []
    for part in trace.split(_TRACEBACK)[1:]:
        block = _BETWEEN.split(part, maxsplit=1)[0]
        lines = block.splitlines()
        start = next((n for n, line in enumerate(lines) if line and not line[0].isspace()), None)
        if start is not None and (found := _RAISED.match("\n".join(lines[start:]).strip())):
            told.append(_Told(name=found["name"], said=found["said"] or "", text=block))
    return told[: -_MOST - 1 : -1]


def _read_java(trace: str) -> list[_Told]:
    return [_Told(name=found["name"], said=found["said"] or "") for found in _JAVA.finditer(trace)][-_MOST:]


def _read_message(message: str, language: str) -> _Told:
    found = _RAISED.match(message.strip())
    if found and "." in found["name"]:
        return _Told(name=found["name"], said=found["said"] or "")
    return _Told(name=f"{language[:20].lower()} error".strip(), said=message)


def _raised(told: list[_Told]) -> BaseException:
    """Return the exceptions that were told, each raised from the next one."""
    errors = [_exception(one) for one in told]
    for outer, inner in pairwise(errors):
        outer.__cause__ = inner
    return errors[0]


def _exception(told: _Told) -> BaseException:
    own = getattr(builtins, told.name, None)
    said = told.said[:LONGEST_TEXT]
    if isinstance(own, type) and issubclass(own, BaseException):
        # With one argument each of Python's own can be made, but for groups and for errors of Unicode.
        bases: tuple[type, ...] = (own,) if not issubclass(own, BaseExceptionGroup | UnicodeError) else (ValueError,)
    elif told.name == "sql error":
        bases = (_named("DatabaseError", (Exception,)),)
    else:
        bases = (Exception,)
    error: BaseException = _named(told.name, bases)(said)
    if answer := _ANSWER.search(said):
        error.status = int(answer["status"])  # type: ignore[attr-defined]  # where `explain` looks for it
        error.url = answer["url"] or ""  # type: ignore[attr-defined]
    return error


def _named(qualified: str, bases: tuple[type, ...]) -> type[BaseException]:
    module, _, name = qualified.rpartition(".")
    return type(name, bases, {"__module__": module or "builtins", "__str__": lambda self: self.args[0]})


def _place(text: str) -> str | None:
    """Return "orders.py:41 in fetch" for the last frame that is no library's."""
    own = [frame for frame in _FRAME.finditer(text) if not _LIBRARY.search(frame["file"])]
    return f"{PurePath(own[-1]['file']).name}:{own[-1]['line']} in {own[-1]['function']}" if own else None
