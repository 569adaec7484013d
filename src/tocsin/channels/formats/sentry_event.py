"""An alert as an event of Sentry: one issue for one cause, with the exception chain and the figures of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import TypeVar

from tocsin.channels.base import Outgoing
from tocsin.channels.formats.literal import clean, one_line
from tocsin.channels.formats.sentry_run import frame_of, rows_of, tags, tags_of, trace_of
from tocsin.channels.formats.subject import subject
from tocsin.channels.formats.text import text
from tocsin.core.alert import Alert
from tocsin.core.cause import Cause, Frame, Raised
from tocsin.core.codec import decode
from tocsin.core.message import Message
from tocsin.core.run import Run
from tocsin.core.severity import Severity

#: Characters of the text that people read; Sentry cuts it at 8,192.
_TEXT, _PLAIN_TEXT = 8_000, 1_000
_LEVELS = {Severity.CRITICAL: "fatal", Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}
T = TypeVar("T")


def event(outgoing: Outgoing, *, release: str) -> dict[str, object]:
    """Return the message as an event (https://develop.sentry.dev/sdk/data-model/event-payloads).

    With `plain` it has neither exceptions nor contexts, which is what can be too large or of a wrong form.
    """
    message = outgoing.message
    data = message.data or {}
    alert, run = _read(Alert, data.get("alert")), _read(Run, data.get("run"))
    of_run = run is not None and alert is not None and alert.run_id == run.id
    made = frame_of(
        outgoing.key,
        at=message.at.timestamp(),
        environment=alert.environment if alert is not None else "",
        release=release,
        host=run.context.host if run is not None else "",
    )
    made |= {
        "level": _LEVELS[message.severity],
        "logger": "tocsin",
        "logentry": {"formatted": _text(message, _PLAIN_TEXT if outgoing.plain else _TEXT)},
        "tags": {
            **(tags_of(run) if run is not None else {}),
            **(_tags(alert, message) if alert is not None else {}),
        },
    }
    if alert is not None:
        made["transaction"] = one_line(alert.subject)
        made["fingerprint"] = _fingerprint(alert)
    if outgoing.plain:
        return made
    if run is not None and run.cause is not None and of_run:
        made["exception"] = {"values": _exceptions(run.cause, alert.summary if alert is not None else "")}
    return {**made, "contexts": _contexts(alert, run, message, data)}


def _read(kind: type[T], data: object) -> T | None:
    try:
        return decode(kind, data) if data else None
    except ValueError:
        return None


def _tags(alert: Alert, message: Message) -> dict[str, str]:
    """Return what routes can ask of an alert; environment and severity are attributes of the event."""
    labels = {name: word for name, word in subject(message).labels.items() if name not in {"environment", "severity"}}
    return tags(**labels, alert=alert.id)


def _text(message: Message, limit: int) -> str:
    """Return the whole message, without the sign before its title: Sentry makes a title of the first line."""
    return text(replace(message, title=one_line(message.title) or "(no title)"), limit=limit).partition(" ")[2]


def _fingerprint(alert: Alert) -> list[str]:
    """Return what makes one issue: the same problem of the same pipeline or table, in whatever run and environment.

    The key of the reason holds the class of the cause and the exception, and nothing that differs from run to run.
    """
    return ["tocsin", alert.topic.value, alert.subject, alert.kind.value, alert.reason_key, *filter(None, [alert.item])]


def _exceptions(cause: Cause, summary: str) -> list[dict[str, object]]:
    """Return the chain as Sentry wants it: the innermost exception first, the outermost last.

    The last one makes the title of the issue. Where it only wraps another, it has no words of its own, and gets the
    summary of the alert.
    """
    chain = cause.raised or (Raised(exception=cause.exception, message=cause.message),)
    return [
        _exception(one, (summary if position == 0 else "") if not one.message else one.message)
        for position, one in reversed(list(enumerate(chain)))
    ]


def _exception(raised: Raised, words: str) -> dict[str, object]:
    module, _, name = raised.exception.rpartition(".")
    made: dict[str, object] = {
        "type": name,
        "value": clean(words),
        "mechanism": {"type": "tocsin", "handled": False},
    }
    if module:
        made["module"] = module
    if raised.frames:
        made["stacktrace"] = {"frames": [_frame(frame) for frame in raised.frames]}
    return made


def _frame(frame: Frame) -> dict[str, object]:
    """Return one line of a traceback; libraries are named from their package on, as Sentry does it."""
    parts = PurePath(frame.file).parts
    after = max((n for n, part in enumerate(parts) if part in {"site-packages", "dist-packages"}), default=-1)
    short = "/".join(parts[after + 1 :]) if after >= 0 else PurePath(frame.file).name
    return {
        "filename": short or frame.file,
        "abs_path": frame.file,
        "function": frame.function,
        "lineno": frame.line,
        "in_app": frame.own,
    }


def _contexts(
    alert: Alert | None, run: Run | None, message: Message, data: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    contexts: dict[str, dict[str, object]] = {}
    if alert is not None:
        contexts["alert"] = {
            "summary": alert.summary,
            "what to do": alert.hint,
            "since": alert.since.isoformat(),
            "times in a row": alert.occurrences,
            "told because": data.get("reason"),
            "blocks": data.get("blocks"),
        }
    if run is not None:
        contexts["run"] = {
            "id": run.id,
            "attempt": run.attempt,
            "started": run.started_at.isoformat(),
            "ended": run.ended_at.isoformat() if run.ended_at is not None else None,
            "seconds": run.duration.total_seconds() if run.duration is not None else None,
            "rows sent": run.rows,
            "load packages": list(run.load_ids),
            "packages that wait": list(run.pending_packages),
            "command": run.context.command,
            "log": run.context.log_path,
        }
        contexts["rows"] = dict(rows_of(run))
        contexts["trace"] = {**trace_of(run), "op": "run"}
    if message.links:
        contexts["links"] = {one_line(link.label): link.url for link in message.links}
    filled = {
        name: {key: value for key, value in words.items() if value not in (None, "", [])}
        for name, words in contexts.items()
    }
    return {name: words for name, words in filled.items() if words}
