"""What every HTTP channel makes of every answer that a receiver can give, and of none at all."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from email.utils import formatdate

import pytest

from receiver import Connection, Receiver, Reply, answer, drip, raw, raw_then_reset, silence
from sample_messages import FAILED, NOTE
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.registry import make_channel
from tocsin.errors import DeliveryError

#: Part of every address and token here.
SECRET = "s3cr3t"


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The message is handed over."""

    status: int = 200


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The fields of the DeliveryError, without its texts."""

    status: int | None = None
    permanent: bool = False
    payload: bool = False
    ambiguous: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One answer and what it means."""

    reply: Reply
    means: Accepted | Refused
    #: What it means for a bot of Slack or Telegram, which reads the body; None where it is the same.
    to_bot: Accepted | Refused | None = None


def later(status: int, seconds: float | None = None) -> Refused:
    """Try again."""
    return Refused(status=status, retry_after=seconds)


UNREADABLE = Refused(status=200, ambiguous=True)
NO_ANSWER = Refused(ambiguous=True)
OK = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(20_000_000))


def echo(connection: Connection) -> None:
    """Answer as many servers do to an address they do not know."""
    assert connection.request is not None
    asked = connection.request
    answer(404, f"Cannot POST {asked.target} for {asked.headers.get('authorization')}")(connection)


CASES = {
    # Successes. The bots ask for {"ok": true}: Slack says 200 to failures too.
    "200 ok": Case(reply=answer(200, "ok"), means=Accepted(), to_bot=UNREADABLE),
    "200 ok true": Case(reply=answer(200, {"ok": True, "ts": "1.2", "channel": "C1"}), means=Accepted()),
    "202": Case(reply=answer(202), means=Accepted(status=202), to_bot=Refused(status=202, ambiguous=True)),
    "204": Case(
        reply=raw(b"HTTP/1.1 204 None\r\n\r\n"),
        means=Accepted(status=204),
        to_bot=Refused(status=204, ambiguous=True),
    ),
    # Redirects are not followed. 301 and 308 say that they last, the others may be a log-in page for an hour.
    "301": Case(reply=answer(301, location="https://new.example/s3cr3t"), means=Refused(status=301, permanent=True)),
    "302": Case(reply=answer(302, location="/s3cr3t"), means=later(302)),
    "307": Case(reply=answer(307, location="http://[broken"), means=later(307)),
    "308": Case(reply=answer(308), means=Refused(status=308, permanent=True)),
    # The message is refused: once more as plain text.
    "400": Case(reply=answer(400, "invalid_payload"), means=Refused(status=400, permanent=True, payload=True)),
    "413": Case(reply=answer(413), means=Refused(status=413, permanent=True, payload=True)),
    "422": Case(reply=answer(422), means=Refused(status=422, permanent=True, payload=True)),
    "499 is unknown and counts as 400": Case(
        reply=answer(499), means=Refused(status=499, permanent=True, payload=True)
    ),
    # We are refused: the channel is disabled.
    "401": Case(reply=answer(401), means=Refused(status=401, permanent=True)),
    "403": Case(reply=answer(403, "invalid_token"), means=Refused(status=403, permanent=True)),
    "404": Case(reply=answer(404, "no_service"), means=Refused(status=404, permanent=True)),
    "405": Case(reply=answer(405), means=Refused(status=405, permanent=True)),
    "410": Case(reply=answer(410, "channel_is_archived"), means=Refused(status=410, permanent=True)),
    # Later.
    "407": Case(reply=answer(407), means=later(407)),
    "408": Case(reply=answer(408), means=later(408)),
    "425": Case(reply=answer(425), means=later(425)),
    "429": Case(reply=answer(429), means=later(429)),
    "429 int": Case(reply=answer(429, retry_after="7"), means=later(429, 7)),
    "429 float": Case(reply=answer(429, retry_after="1.5"), means=later(429, 1.5)),
    "429 zero": Case(reply=answer(429, retry_after="0"), means=later(429, 0)),
    "429 too long": Case(reply=answer(429, retry_after="9" * 400), means=later(429, 3600)),
    "429 date far ahead": Case(reply=answer(429, retry_after=formatdate(4e9, usegmt=True)), means=later(429, 3600)),
    "429 date gone by": Case(reply=answer(429, retry_after=formatdate(1e9, usegmt=True)), means=later(429)),
    "429 no date": Case(reply=answer(429, retry_after="Mon, 99 Nov 2026 99:99:99 GMT"), means=later(429)),
    "429 negative": Case(reply=answer(429, retry_after="-5"), means=later(429)),
    "429 nan": Case(reply=answer(429, retry_after="nan"), means=later(429)),
    "429 inf": Case(reply=answer(429, retry_after="inf"), means=later(429)),
    "429 garbage": Case(reply=answer(429, retry_after="soon"), means=later(429)),
    "429 JSON": Case(reply=answer(429, {"ok": False, "retry_after": 2.5}), means=later(429, 2.5)),
    "429 JSON of Telegram": Case(
        reply=answer(429, {"ok": False, "parameters": {"retry_after": 35}}), means=later(429, 35)
    ),
    "429 JSON with other parameters": Case(
        reply=answer(429, {"retry_after": 4, "parameters": []}), means=later(429, 4)
    ),
    "429 JSON negative": Case(reply=answer(429, {"retry_after": -2.5}), means=later(429)),
    "429 JSON true": Case(reply=answer(429, {"retry_after": True}), means=later(429)),
    "429 JSON nan": Case(reply=answer(429, '{"retry_after": NaN}'), means=later(429)),
    "429 header before JSON": Case(reply=answer(429, {"retry_after": 9}, retry_after="3"), means=later(429, 3)),
    "500": Case(reply=answer(500, "rollup_error"), means=later(500)),
    "501": Case(reply=answer(501), means=later(501)),
    "502": Case(reply=answer(502, "<html>bad gateway</html>"), means=later(502)),
    "503": Case(reply=answer(503, retry_after="30"), means=later(503, 30)),
    "504": Case(reply=answer(504), means=later(504)),
    # Not what HTTP knows as an answer to a message.
    "101": Case(reply=raw(b"HTTP/1.1 101 Switching\r\n\r\n"), means=Refused(status=101, permanent=True)),
    "100 then 200": Case(
        reply=raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"ok":true}'),
        means=Accepted(),
    ),
    # The whole request was taken, and nobody knows what became of it.
    "reset after the request": Case(reply=raw_then_reset(), means=NO_ANSWER),
    "closed after the request": Case(reply=raw(b""), means=NO_ANSWER),
    "reset in the headers": Case(reply=raw_then_reset(OK + b"Content-Le"), means=NO_ANSWER),
    "silence": Case(reply=silence, means=NO_ANSWER),
    "slow headers": Case(reply=drip(OK + b"X-Slow: ", b"x"), means=NO_ANSWER),
    "endless headers": Case(reply=drip(OK, b"X-More: " + b"x" * 60_000 + b"\r\n", every=0), means=NO_ANSWER),
    "not HTTP": Case(reply=raw(b"SSH-2.0-OpenSSH_9.9\r\n"), means=NO_ANSWER),
    "binary": Case(reply=raw(bytes(range(256)) * 20), means=NO_ANSWER),
    # The status line has said it all; the body is for the log.
    "reset in the body": Case(
        reply=raw_then_reset(OK + b"Content-Length: 100\r\n\r\nhalf"), means=Accepted(), to_bot=UNREADABLE
    ),
    "content length too long": Case(
        reply=raw(OK + b"Content-Length: 99\r\n\r\nok"), means=Accepted(), to_bot=UNREADABLE
    ),
    "content length too short": Case(
        reply=raw(OK + b"Content-Length: 1\r\n\r\nok"), means=Accepted(), to_bot=UNREADABLE
    ),
    "content length is none": Case(
        reply=raw(OK + b"Content-Length: many\r\n\r\nok"), means=Accepted(), to_bot=UNREADABLE
    ),
    "broken chunks": Case(
        reply=raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nok"), means=Accepted(), to_bot=UNREADABLE
    ),
    "slow body": Case(reply=drip(OK + b"\r\n", b"x"), means=Accepted(), to_bot=UNREADABLE),
    "endless body": Case(reply=drip(OK + b"\r\n", b"x" * 9_999, every=0), means=Accepted(), to_bot=UNREADABLE),
    "endless error": Case(
        reply=drip(b"HTTP/1.1 503 Busy\r\n\r\n", b"x" * 9_999, every=0),
        means=later(503),
    ),
    "gzip bomb": Case(reply=answer(200, BOMB, content_encoding="gzip"), means=Accepted(), to_bot=UNREADABLE),
    "not UTF-8": Case(reply=answer(200, b"\xff\xfe\x00ok"), means=Accepted(), to_bot=UNREADABLE),
    "deep JSON": Case(reply=answer(200, "[" * 50_000), means=Accepted(), to_bot=UNREADABLE),
    "an error page that repeats the secrets": Case(reply=echo, means=Refused(status=404, permanent=True)),
}


#: What a channel takes that does not take alerts.
_MESSAGES = {"openlineage": NOTE, "opentelemetry": NOTE}


def make(kind: str, url: str) -> Channel:
    """Return one of the channels that speak HTTP, pointed at `url`."""
    match kind:
        case "webhook":
            return make_channel("webhook", {"url": url, "authorization": f"Bearer xoxb-{SECRET}"})
        case "openlineage":
            return make_channel(kind, {"url": url, "api_key": f"{SECRET}-{'x' * 30}"})
        case "opentelemetry":
            return make_channel(kind, {"endpoint": url, "headers": f"Authorization=Bearer {SECRET}-{'x' * 30}"})
        case "slack webhook":
            return make_channel("slack", {"webhook_url": url})
        case "teams" | "discord":
            return make_channel(kind, {"webhook_url": url})
        case "sentry":
            return make_channel(kind, {"dsn": url.replace("//", f"//{SECRET}-{'x' * 30}@")})
        case "telegram bot":
            token = f"123456:{SECRET}-{'x' * 30}"
            return make_channel("telegram", {"api_url": url, "bot_token": token, "chat_id": "-100"})
        case _:
            return make_channel("slack", {"api_url": url, "bot_token": f"xoxb-{SECRET}", "channel": "C1"})


def outcome(channel: Channel, budget: float = 10) -> Accepted | Refused:
    """Send one message and return what came of it, after a look for secrets in all texts."""
    try:
        receipt = channel.send(Outgoing(key="m1", message=_MESSAGES.get(channel.type, FAILED), budget=budget))
    except DeliveryError as refused:
        error = refused
    else:
        return Accepted(status=receipt.status or 0)
    assert SECRET not in f"{error} {error.hint} {error.answer} {error.__cause__}"
    assert re.search("localhost|Slack|Telegram", str(error))
    return Refused(
        status=error.status,
        permanent=error.permanent,
        payload=error.payload,
        ambiguous=error.ambiguous,
        retry_after=error.retry_after,
    )


every_channel = pytest.mark.parametrize(
    "kind",
    [
        "webhook",
        "slack webhook",
        "slack bot",
        "teams",
        "discord",
        "telegram bot",
        "sentry",
        "openlineage",
        "opentelemetry",
    ],
)


@every_channel
@pytest.mark.parametrize("name", CASES)
def test_answer(name: str, kind: str, receiver: Receiver) -> None:
    """Each answer leads to what the table says, after one request, and no text shows a secret."""
    case = CASES[name]
    receiver.answers(case.reply)
    means = case.to_bot if case.to_bot and kind.endswith("bot") else case.means
    budget = 0.5 if name in {"silence", "slow headers", "slow body"} else 10
    assert outcome(make(kind, receiver.url), budget) == means
    assert len(receiver.requests) == 1


@every_channel
def test_reset_before_the_request(kind: str, receiver: Receiver) -> None:
    """A connection that breaks off at once is tried again, whether or not something was written into it."""
    receiver.deaf = True
    assert outcome(make(kind, receiver.url)) in (Refused(), NO_ANSWER)


@every_channel
def test_nobody_listens(kind: str, receiver: Receiver) -> None:
    """A refused connection has carried nothing and is tried again."""
    receiver.close()
    assert outcome(make(kind, receiver.url)) == Refused()
