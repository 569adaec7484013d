"""Sentry, and servers that speak its protocol: an issue a cause, a transaction a run, a check-in a scheduled run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar
from urllib.parse import SplitResult, urlencode, urlsplit

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.sentry_check_in import check_in
from tocsin.channels.formats.sentry_event import event
from tocsin.channels.formats.sentry_transaction import transaction
from tocsin.channels.http import post
from tocsin.channels.refusal import LONGEST_WAIT, Answer, excerpt, retry_after
from tocsin.core.codec import decode
from tocsin.core.feed import Feed, News
from tocsin.core.message import Message, Tone
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

#: How Sentry calls in its rate limits what the items of an envelope are
#: (https://develop.sentry.dev/sdk/expected-features/rate-limiting).
_CATEGORIES = {
    "event": frozenset({"error", "default"}),
    "transaction": frozenset({"transaction"}),
    "check_in": frozenset({"monitor"}),
}
_SWITCH = ("true", "false")


class Sentry(Channel):
    """Sends envelopes of one item each, so that what Sentry refuses is one thing.

    The SDK of Sentry is not used: it drops what it cannot send, and a second client in a process disturbs the first.
    Ids are made of the message's key, so that a repetition is stored once.
    """

    type: ClassVar[str] = "sentry"
    summary: ClassVar[str] = "Sentry: an issue a cause, a trace a run, and check-ins for cron monitors"
    min_interval: ClassVar[float] = 0.0
    grouped: ClassVar[bool] = False
    keeps_open: ClassVar[bool] = True
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="dsn",
            help="The DSN of a project, from its settings in Sentry, Client Keys.",
            url=True,
            secret=True,
            required=True,
            example="https://KEY@o1.ingest.sentry.io/42",
        ),
        Field(
            name="release",
            help="What is deployed, for example the commit; Sentry shows with which release an issue began.",
            example="orders@2026.11.1",
        ),
        Field(
            name="traces",
            help="Send each run with its steps as a transaction.",
            default="true",
            choices=_SWITCH,
        ),
        Field(
            name="check_ins",
            help="Send the runs of pipelines whose schedule is known as check-ins of a cron monitor.",
            default="true",
            choices=_SWITCH,
        ),
    )

    setup: ClassVar[str] = """
        1. In Sentry open Settings, Projects, your project, Client Keys (DSN), and copy the DSN.
        2. Write it into `.dlt/secrets.toml`.
        3. Type `tocsin channel test ops`. The test is an event of the level info.

        Where dlt has `runtime.sentry_dsn` already, Tocsin uses it without further configuration. Self-hosted Sentry,
        GlitchTip and Bugsink take the same messages. Bugsink stores events only: set `traces = "false"` and
        `check_ins = "false"` for it. Tocsin sends by itself: it needs no sentry-sdk, and where your program uses that,
        its client stays as it is.

        ### What Sentry shows

        | Tocsin | Sentry |
        | --- | --- |
        | a problem: failed, partial, died, late, stuck, not started… | an event, with the exception chain where there is one |
        | the same cause again, in whatever run or environment | the same issue: the fingerprint is pipeline, kind and cause, without ids, dates and numbers |
        | pipeline, step, resource, table, destination, dataset, load id, kind, owner | tags |
        | environment | the environment, by which Sentry filters |
        | severity | the level; critical is fatal |
        | figures of the run, rows a table, what to do, links to logs | contexts |
        | each run, good ones too | a transaction with a span for each step, a status, and the rows of its tables |
        | the attempts of one logical run, and its problem | one trace |
        | each run of a pipeline with a schedule of its own | a check-in when it begins and when it ends |

        A monitor is made with the first check-in of a pipeline and has its name. Schedule and zone are those of the
        pipeline, its margin is `start_within`, and its longest run is `finish_within`, or 28 days where nobody asks.
        There is none for a schedule that was learned, which is a guess, and backfills do not check in. Sentry knows no
        calendar events (`Mon..Fri 06:00`): make such a monitor there by hand, with the pipeline's name as its slug.

        Who sends events cannot resolve an issue, so the end of a problem is not sent. Let Sentry do it: the project's
        setting Auto Resolve ends issues that have been quiet, and a monitor recovers with the next good check-in.
        An acknowledgement is not sent either.

        ### Beside dlt's own tracing

        | | dlt 1.31 with `runtime.sentry_dsn` | Tocsin |
        | --- | --- | --- |
        | needs sentry-sdk | yes: without it `dlt.pipeline()` raises | no |
        | a failed run that your code or the orchestrator catches | no event | an event |
        | a failed load job in a run that dlt calls ok | two issues or more | one |
        | late, stuck, died, not started | no | yes |
        | grouping | by stack and message, which hold random ids | one issue a cause |
        | tags on events | the version of dlt | see above |
        | status of a failed transaction | none | see above |
        | local variables, with what rows and secrets they hold | sent | never read |
        | Sentry is down or limits the rate | lost | sent later, and stored once |
        | another client of sentry-sdk in the program | replaced | left alone |
        | what your own code logs as a warning or error | sent | no |

        Both can run side by side. dlt's own tracing is on where `runtime.sentry_dsn` is set; to have Tocsin alone, write
        the DSN only into `[tocsin.channels.sentry]`. To have dlt's traces and Tocsin's events, set both to the same
        DSN, and `traces = "false"`.

        ### Limits

        - Each monitor counts in Sentry's plan, and so does each transaction: `check_ins = "false"` and
          `traces = "false"` switch them off.
        - Events, traces and check-ins have a queue each. What Sentry limits (`X-Sentry-Rate-Limits`, 429) waits, and
          the others do not. An event is tried for four days, as every message is, and a trace or check-in that has
          waited for so long is given up without being told elsewhere.
        - An event that is too large (413) comes again without exceptions and contexts. Of a chain 10 exceptions are
          kept, of each the last 30 lines, and of the tables the 50 with the most rows; the others are summed up.
        - In a process that goes on, news of a good run is sent a second or two after its end.

        Sources: [event payloads](https://develop.sentry.dev/sdk/data-model/event-payloads),
        [rate limits](https://develop.sentry.dev/sdk/expected-features/rate-limiting),
        [check-ins](https://develop.sentry.dev/sdk/telemetry/check-ins), as of November 2026.
    """  # noqa: E501  # rows of a table

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._url = _envelope_url(urlsplit(settings["dsn"]))
        self._release = settings.get("release", "")
        self._feeds = tuple(
            feed
            for feed, setting in ((Feed.TRACES, "traces"), (Feed.CHECK_INS, "check_ins"))
            if settings[setting] == "true"
        )

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check that the address is a DSN."""
        dsn = urlsplit(settings["dsn"])
        if dsn.username and dsn.path.rpartition("/")[2]:
            return []
        return ["dsn is not of the form https://KEY@HOST/PROJECT; copy it from the project's Client Keys in Sentry"]

    def feeds(self) -> tuple[Feed, ...]:
        """Return what is not switched off."""
        return self._feeds

    def send(self, outgoing: Outgoing) -> Receipt:
        """Send the envelope.

        The end of a problem and its acknowledgement are not sent: who only sends events cannot resolve an issue, and
        another event would reopen it.
        """
        if outgoing.message.alert_id and outgoing.message.tone in {Tone.GOOD, Tone.ACKNOWLEDGED}:
            return Receipt(sent=False, answer="nothing was sent: issues are resolved in Sentry")
        kind, payload = self._item(outgoing)
        try:
            body = gzip.compress(_envelope(kind, payload), mtime=0)
        except ValueError as error:
            msg = f"the facts of the message have no JSON form ({error}), so it goes out without them"
            raise DeliveryError(msg, permanent=True, payload=True) from error
        headers = {"Content-Type": "application/x-sentry-envelope", "Content-Encoding": "gzip"}
        answer = post(self._url, body, headers, budget=outgoing.budget, waits=partial(_wait, _CATEGORIES[kind]))
        return Receipt(status=answer.status, answer=excerpt(answer), pause=rate_limit(answer, _CATEGORIES[kind]) or 0.0)

    def _item(self, outgoing: Outgoing) -> tuple[str, dict[str, object]]:
        news = _news(outgoing.message)
        if news is None:
            return "event", event(outgoing, release=self._release)
        if news.feed is Feed.TRACES:
            return "transaction", transaction(outgoing, news.run, release=self._release)
        return "check_in", check_in(news, plain=outgoing.plain, release=self._release)


def rate_limit(answer: Answer, categories: frozenset[str]) -> float | None:
    """Return for how many seconds Sentry wants no more of these categories, at most an hour; None if it does not say.

    The header is a list of "seconds:categories:scope", with ";" between categories; none of them means all. It comes
    with successes too, and then is about what follows.
    """
    limits = []
    for limit in answer.headers.get("x-sentry-rate-limits", "").split(","):
        seconds, _, rest = limit.strip().partition(":")
        limited = set(filter(None, rest.partition(":")[0].split(";")))
        try:
            wait = float(seconds)
        except ValueError:
            continue
        if 0 <= wait < float("inf") and (not limited or limited & categories):
            limits.append(min(wait, LONGEST_WAIT))
    return max(limits, default=None)


def _wait(categories: frozenset[str], answer: Answer, now: float) -> float | None:
    """Return for how long a refused item has to wait; only a 429 is about the rate."""
    said = rate_limit(answer, categories) if answer.status == 429 else None  # noqa: PLR2004
    return said if said is not None else retry_after(answer, now)


def _news(message: Message) -> News | None:
    try:
        return decode(News, message.data) if message.data and "feed" in message.data else None
    except ValueError:
        return None


def _envelope_url(dsn: SplitResult) -> str:
    """Return where envelopes go; the key stands in the query, as Sentry's own clients in browsers send it."""
    path, _, project = dsn.path.rpartition("/")
    host = dsn.netloc.rpartition("@")[2]
    query = urlencode({"sentry_version": 7, "sentry_key": dsn.username or "", "sentry_client": "tocsin"})
    return f"{dsn.scheme}://{host}{path}/api/{project}/envelope/?{query}"


def _envelope(kind: str, payload: Mapping[str, object]) -> bytes:
    """Return an envelope with one item (https://develop.sentry.dev/sdk/data-model/envelopes)."""
    content = _json(payload)
    head: dict[str, object] = {"sent_at": datetime.now(UTC).isoformat()}
    if "event_id" in payload:
        head["event_id"] = payload["event_id"]
    item = {"type": kind, "length": len(content), "content_type": "application/json"}
    return b"\n".join((_json(head), _json(item), content, b""))


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode()
