"""The Sentry channel: what arrives byte by byte, and what it makes of the answers."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any, cast

import pytest

from envelopes import KEY, dsn, read_item
from made import alert, at, good_run, run
from receiver import Receiver, answer
from sample_messages import NOTE
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.registry import CHANNELS, check_settings, make_channel
from tocsin.core.alert import acknowledge, resolve
from tocsin.core.codec import encode
from tocsin.core.compose import Surroundings, compose
from tocsin.core.feed import Feed, News
from tocsin.core.message import Message, Tone
from tocsin.core.notify import Reason
from tocsin.core.run import Run
from tocsin.core.schedule import Schedule
from tocsin.errors import DeliveryError

FAILED = compose(alert(), Reason.NEW, Surroundings(run=run()))


def news(of: Run, feed: Feed) -> Message:
    """Return the message of a feed about a run of a pipeline that is due at six."""
    told = News(feed=feed, run=of, schedule=Schedule(text="0 6 * * *"), start_within=timedelta(minutes=15))
    return Message(title="", tone=Tone.INFO, at=at(0), data=cast("dict[str, Any]", encode(told)))


EVERY_KIND = {
    "event": FAILED,
    "transaction": news(good_run(), Feed.TRACES),
    "check_in": news(good_run(), Feed.CHECK_INS),
}


def sentry(receiver: Receiver, **settings: str) -> Channel:
    """Return a channel that sends to the receiver."""
    return make_channel("sentry", {"dsn": dsn(receiver), **settings})


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_one_envelope_one_item(kind: str, receiver: Receiver) -> None:
    """Each kind of message arrives as a compressed envelope at the address and with the key of the DSN."""
    receiver.answers(answer(200, {"id": "8a55"}))
    receipt = sentry(receiver).send(Outgoing(key="m1", message=EVERY_KIND[kind]))
    assert (receipt.sent, receipt.status, receipt.answer, receipt.pause) == (True, 200, '{"id": "8a55"}', 0)
    target, _, query = receiver.last.target.partition("?")
    assert target == "/api/42/envelope/"
    assert query == f"sentry_version=7&sentry_key={KEY}&sentry_client=tocsin"
    item = read_item(receiver.last)
    assert item.type == kind
    assert item.head.keys() == ({"sent_at"} if kind == "check_in" else {"sent_at", "event_id"})
    assert item.head.get("event_id") == item.payload.get("event_id")


def test_a_server_below_a_path(receiver: Receiver) -> None:
    """The path before the project stays before the address, and an old DSN's second half is not sent."""
    address = f"http://{KEY}:second@localhost:{receiver.port}/behind/a/proxy/42"
    make_channel("sentry", {"dsn": address}).send(Outgoing(key="m1", message=FAILED))
    assert receiver.last.target.startswith("/behind/a/proxy/api/42/envelope/?")
    assert "second" not in f"{receiver.last}"


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_repetition_has_the_same_id(kind: str, receiver: Receiver) -> None:
    """What is sent again after a failure is the same to the byte but for the time, so Sentry stores it once."""
    channel = sentry(receiver)
    receiver.answers(answer(500), answer(200))
    with pytest.raises(DeliveryError):
        channel.send(Outgoing(key="m1", message=EVERY_KIND[kind]))
    channel.send(Outgoing(key="m1", message=EVERY_KIND[kind]))
    first, second = map(read_item, receiver.requests)
    assert first.payload == second.payload
    channel.send(Outgoing(key="m2", message=EVERY_KIND[kind]))
    other = read_item(receiver.last).payload
    assert (other.get("event_id") == first.payload.get("event_id")) == (kind == "check_in")


@pytest.mark.parametrize(
    ("kind", "header", "pause"),
    [
        ("event", "60:error:organization", 60),
        ("event", "60:transaction;default;span:key", 60),
        # No categories are all of them.
        ("event", "60::organization", 60),
        ("check_in", "60::organization", 60),
        # The longest that counts; those of other categories do not.
        ("event", "5:error:key, 30:default:organization, 900:monitor:project", 30),
        ("event", "86400:transaction;span:organization", None),
        ("transaction", "2:transaction:organization:quota:extra", 2),
        ("check_in", "7:monitor:organization", 7),
        # Nobody makes us wait for longer than an hour.
        ("transaction", "86400:transaction;span:organization", 3600),
        # What nobody understands is not said.
        ("event", "soon:error:key, -5:error:key, inf:error:key, nan:error:key, ,:", None),
    ],
)
def test_rate_limits(kind: str, header: str, pause: float | None, receiver: Receiver) -> None:
    """With a 200 a rate limit is about what follows, with a 429 about this message; both only for their categories."""
    channel, outgoing = sentry(receiver), Outgoing(key="m1", message=EVERY_KIND[kind])
    receiver.answers(
        answer(200, x_sentry_rate_limits=header), answer(429, x_sentry_rate_limits=header, retry_after="11")
    )
    assert channel.send(outgoing).pause == (pause or 0)
    with pytest.raises(DeliveryError) as refused:
        channel.send(outgoing)
    assert (refused.value.permanent, refused.value.retry_after) == (False, 11 if pause is None else pause)


def test_a_rate_limit_beside_another_failure(receiver: Receiver) -> None:
    """A failure that is not about the rate is tried again soon, whatever limits the answer tells of."""
    receiver.answers(answer(503, x_sentry_rate_limits="900:error:key"))
    with pytest.raises(DeliveryError) as refused:
        sentry(receiver).send(Outgoing(key="m1", message=FAILED))
    assert refused.value.retry_after is None


def test_too_large(receiver: Receiver) -> None:
    """After a 413 the event comes without exceptions and contexts, and is the same issue and the same event."""
    channel = sentry(receiver)
    receiver.answers(answer(413), answer(200))
    with pytest.raises(DeliveryError) as refused:
        channel.send(Outgoing(key="m1", message=FAILED))
    assert (refused.value.permanent, refused.value.payload) == (True, True)
    channel.send(Outgoing(key="m1", message=FAILED, plain=True))
    full, plain = (read_item(request).payload for request in receiver.requests)
    assert full.keys() - plain.keys() == {"exception", "contexts"}
    same = ("event_id", "fingerprint", "level", "tags", "transaction")
    assert [full[key] for key in same] == [plain[key] for key in same]


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused(status: int, receiver: Receiver) -> None:
    """A DSN that is not accepted disables the channel, and the key that servers repeat in their answer is not kept."""
    receiver.answers(answer(status, f"Project not found or key incorrect: http://{KEY}@localhost/42"))
    with pytest.raises(DeliveryError) as refused:
        sentry(receiver).send(Outgoing(key="m1", message=FAILED))
    assert (refused.value.permanent, refused.value.payload) == (True, False)
    assert refused.value.answer == "Project not found or key incorrect: http://…@localhost/42"


def test_the_end_of_a_problem_is_not_sent(receiver: Receiver) -> None:
    """Who only sends events cannot resolve an issue, so recoveries and acknowledgements stay here, and say so."""
    over, _ = resolve(alert(), resolution="a run went well", now=at(5))
    taken, _ = acknowledge(alert(), by="ann", now=at(5))
    for told, reason in ((over, Reason.RECOVERED), (taken, Reason.ACKNOWLEDGED)):
        receipt = sentry(receiver).send(Outgoing(key="m1", message=compose(told, reason, Surroundings(run=run()))))
        assert (receipt.sent, receipt.answer) == (False, "nothing was sent: issues are resolved in Sentry")
    assert receiver.requests == []


def test_facts_without_a_json_form(receiver: Receiver) -> None:
    """Facts that JSON cannot carry are a refusal of the full form, and nothing is sent that nobody can read."""
    odd = dataclasses.replace(FAILED, data={**(FAILED.data or {}), "blocks": [float("nan")]})
    with pytest.raises(DeliveryError, match="the facts of the message have no JSON form") as refused:
        sentry(receiver).send(Outgoing(key="m1", message=odd))
    assert (refused.value.permanent, refused.value.payload) == (True, True)
    assert receiver.requests == []
    sentry(receiver).send(Outgoing(key="m1", message=odd, plain=True))


def test_a_message_of_the_users_code(receiver: Receiver) -> None:
    """A plain message is an event that Sentry groups by its text."""
    sentry(receiver, release="orders@1").send(Outgoing(key="m1", message=NOTE))
    got = read_item(receiver.last).payload
    assert got["logentry"]["formatted"].startswith(NOTE.title)
    assert (got["level"], got["release"], got["tags"]) == (NOTE.severity.value, "orders@1", {})
    assert not {"fingerprint", "exception", "transaction"} & got.keys()


@pytest.mark.parametrize(
    ("settings", "feeds"),
    [
        ({}, (Feed.TRACES, Feed.CHECK_INS)),
        ({"traces": "false"}, (Feed.CHECK_INS,)),
        ({"check_ins": "false"}, (Feed.TRACES,)),
        ({"traces": "false", "check_ins": "false"}, ()),
    ],
)
def test_feeds(settings: dict[str, str], feeds: tuple[Feed, ...], receiver: Receiver) -> None:
    """Traces and check-ins are told unless they are switched off; no other channel asks for them."""
    assert sentry(receiver, **settings).feeds() == feeds
    assert make_channel("terminal", {}).feeds() == ()
    assert not CHANNELS["sentry"].grouped


@pytest.mark.parametrize(
    "value", ["https://o1.ingest.sentry.io/42", f"https://{KEY}@o1.ingest.sentry.io/", "https://:@h/1"]
)
def test_no_dsn(value: str) -> None:
    """An address without a key or without a project is told before anything is sent, without showing it."""
    _, problems = check_settings("sentry", {"dsn": value})
    assert problems == [
        "dsn is not of the form https://KEY@HOST/PROJECT; copy it from the project's Client Keys in Sentry"
    ]
