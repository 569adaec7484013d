"""E-mail: what arrives at a real SMTP server, and to whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from mail_server import MailServer, serving_mail
from sample_messages import FAILED, HOSTILE, LONG, NOTE, RECOVERED
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.formats.html import html
from tocsin.channels.formats.text import text
from tocsin.channels.registry import check_settings, make_channel
from tocsin.core.outbox import Receipt

TO = "data-team@example.com, Ada <ada@example.com>"
EACH = ("ada@example.com", "bob@example.com")


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Give a server without encryption."""
    with serving_mail() as running:
        yield running


def email(server: MailServer, **settings: str) -> Channel:
    """Return a channel to two people."""
    given = {**server.settings, "encryption": "none", "to": "ada@example.com, Bob <bob@example.com>"}
    return make_channel("email", {**given, **settings})


def body(mail: EmailMessage, kind: str) -> str:
    """Return the text or the HTML of a mail, with the line breaks of this machine."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_one_mail_to_all(server: MailServer) -> None:
    """All recipients get one mail, as text and as HTML, with the headers of a machine that expects no answer."""
    receipt = email(server).send(Outgoing(key="k1", message=FAILED))
    assert (receipt.status, receipt.answer, receipt.again) == (250, "2.0.0 Ok", ())
    [received] = server.received
    assert (received.sender, received.recipients) == ("tocsin@example.com", EACH)
    mail = received.mail
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert body(mail, "plain") == f"{text(FAILED)}\n"
    assert body(mail, "html") == f"{html(FAILED)}\n"
    headers = dict(mail.items())
    assert headers.pop("Date").endswith(" +0000")
    assert "boundary" in headers.pop("Content-Type")
    assert headers == {
        "From": "Tocsin <tocsin@example.com>",
        "To": "ada@example.com, Bob <bob@example.com>",
        "Subject": "orders failed: the API of the shop is not available",
        "Message-ID": "<k1@example.com>",
        "List-Id": "Tocsin <tocsin.example.com>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }


def test_every_line_is_one_that_any_server_takes(server: MailServer) -> None:
    """A mail is made of short lines of ASCII, whatever the message holds."""
    email(server).send(Outgoing(key="k1", message=LONG))
    email(server).send(Outgoing(key="k2", message=HOSTILE))
    for received in server.received:
        assert received.content.isascii()
        assert max(map(len, received.content.splitlines())) < 100


def test_thread(server: MailServer) -> None:
    """Later mails about an alert answer the first, under its subject, however their titles read."""
    channel = email(server)
    first = channel.send(Outgoing(key="k1", message=FAILED))
    again = channel.send(Outgoing(key="k2", message=RECOVERED, previous=first))
    channel.send(Outgoing(key="k3", message=FAILED, previous=again))
    root, second, third = (received.mail for received in server.received)
    assert (root["In-Reply-To"], root["References"]) == (None, None)
    for mail, key in ((second, "k2"), (third, "k3")):
        assert mail["Message-ID"] == f"<{key}@example.com>"
        assert (mail["In-Reply-To"], mail["References"]) == ("<k1@example.com>", "<k1@example.com>")
        assert mail["Subject"] == f"Re: {root['Subject']}"
    assert body(second, "plain").startswith("✓ orders recovered")


def test_long_names_do_not_break_a_thread(server: MailServer) -> None:
    """Ids that are longer than a line arrive as they were."""
    domain = f"{'a' * 60}.{'b' * 60}.example.com"
    channel = email(server, **{"from": f"tocsin@{domain}"})
    first = channel.send(Outgoing(key="2d3c0f9e-0f0a-5a0e-9b1c-8d5a3c1b7e42", message=FAILED))
    channel.send(Outgoing(key="k2", message=RECOVERED, previous=first))
    assert (
        server.received[1].mail["References"] == first.reference["message_id"] == server.received[0].mail["Message-ID"]
    )
    assert b"=?" not in server.received[1].content.split(b"MIME-Version")[0]


def test_receipt_of_another_kind_of_channel(server: MailServer) -> None:
    """A channel that was something else before begins a thread of its own."""
    slack = Receipt(reference={"channel": "C1", "ts": "17.5"})
    receipt = email(server).send(Outgoing(key="k1", message=FAILED, previous=slack))
    assert receipt.reference == {"message_id": "<k1@example.com>", "subject": FAILED.title}
    assert server.received[0].mail["In-Reply-To"] is None


def test_every_try_is_the_same_mail(server: MailServer) -> None:
    """A second try carries the same Message-ID, by which receivers tell a repetition."""
    for _ in range(2):
        email(server).send(Outgoing(key="k1", message=FAILED))
    assert [received.mail["Message-ID"] for received in server.received] == ["<k1@example.com>"] * 2


def test_plain(server: MailServer) -> None:
    """A mail that was refused is sent again as text only, and short."""
    email(server).send(Outgoing(key="k1", message=LONG, plain=True))
    mail = server.received[0].mail
    assert mail.get_content_type() == "text/plain"
    assert len(body(mail, "plain")) <= 4_001


def test_title_cannot_add_headers(server: MailServer) -> None:
    """Line breaks in a title or a name become spaces, so nobody can write headers."""
    evil = dataclasses.replace(HOSTILE, title="orders failed\r\nBcc: eve@example.com\r\n\r\n<b>hello</b>")
    email(server).send(Outgoing(key="k1", message=evil))
    mail = server.received[0].mail
    assert mail["Subject"] == "orders failed Bcc: eve@example.com <b>hello</b>"
    assert mail["Bcc"] is None
    assert server.received[0].recipients == EACH


def test_signs_in_the_subject(server: MailServer) -> None:
    """A title outside ASCII is read as it was written; one without words says so."""
    email(server).send(Outgoing(key="k1", message=dataclasses.replace(NOTE, title="größe → 東京")))
    email(server).send(Outgoing(key="k2", message=dataclasses.replace(NOTE, title="\u200b")))
    assert [received.mail["Subject"] for received in server.received] == ["größe → 東京", "(no title)"]


def test_unsubscribe(server: MailServer) -> None:
    """Where it is configured, a mail says how to be taken off."""
    email(server, unsubscribe="mailto:team@example.com").send(Outgoing(key="k1", message=NOTE))
    assert server.received[0].mail["List-Unsubscribe"] == "<mailto:team@example.com>"


def test_refused_recipient_is_named(server: MailServer) -> None:
    """Who is refused for good is named in the answer, while the others have the message and it is done."""
    server.answers["bob@example.com"] = ["550 5.1.1 no such user"]
    receipt = email(server).send(Outgoing(key="k1", message=FAILED))
    assert receipt.answer == "2.0.0 Ok; refused: bob@example.com (550 5.1.1 no such user)"
    assert receipt.again == ()
    assert [received.recipients for received in server.received] == [("ada@example.com",)]


@pytest.mark.parametrize("answer", ["451 4.7.1 Greylisted, try again", "452 4.2.2 mailbox full", "552 mailbox full"])
def test_recipient_who_waits_gets_it_alone(answer: str, server: MailServer) -> None:
    """Who is refused for now is offered the same mail again, and nobody gets it twice."""
    server.answers["bob@example.com"] = [answer, answer, "250 Ok"]
    channel = email(server)
    first = channel.send(Outgoing(key="k1", message=FAILED))
    assert (first.again, first.answer) == (("bob@example.com",), f"2.0.0 Ok; waits: bob@example.com ({answer})")
    second = channel.send(Outgoing(key="k1", message=FAILED, previous=first, only=first.again))
    assert (second.again, second.answer) == (("bob@example.com",), f"waits: bob@example.com ({answer})")
    third = channel.send(Outgoing(key="k1", message=FAILED, previous=second, only=second.again))
    assert third.again == ()
    assert [received.recipients for received in server.received] == [("ada@example.com",), ("bob@example.com",)]
    assert [received.mail["Message-ID"] for received in server.received] == ["<k1@example.com>"] * 2
    assert server.received[1].mail["In-Reply-To"] is None


def test_recipient_who_waited_is_refused(server: MailServer) -> None:
    """Who waited and is then refused for good is named; the message is done, because others have it."""
    server.answers["bob@example.com"] = ["550 5.7.1 unwanted"]
    receipt = email(server).send(Outgoing(key="k1", message=FAILED, only=("bob@example.com",)))
    assert (receipt.again, receipt.answer) == ((), "refused: bob@example.com (550 5.7.1 unwanted)")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"from": "nobody"}, 'from = "nobody" is no address; write it like Tocsin <tocsin@example.com>'),
        (
            {"from": "a@example.com, b@example.com"},
            'from = "a@example.com, b@example.com" is no address; write it like Tocsin <tocsin@example.com>',
        ),
        (
            {"to": "ada@example.com bob@example.com"},
            f'to = "ada@example.com bob@example.com" is no list of addresses; write it like {TO}',
        ),
        (
            {"to": "ada@exämple.com"},
            f'to = "ada@exämple.com" is no list of addresses; write it like {TO}',
        ),
        (
            {"to": "ada@example.com\nBcc: eve@example.com"},
            f'to = "ada@example.com\nBcc: eve@example.com" is no list of addresses; write it like {TO}',
        ),
        ({"port": "0"}, 'port = "0" is no port; use one from 1 to 65535, or leave it out'),
        ({"port": "smtp"}, 'port = "smtp" is no port; use one from 1 to 65535, or leave it out'),
        ({"host": "localhost:25"}, 'host = "localhost:25" is more than a host; set port by itself'),
        ({"username": "ada"}, "password is missing: username and password go together"),
        ({"password": "s3cr3t"}, "username is missing: username and password go together"),
        (
            {"username": "ada", "password": "s3cr3t", "encryption": "none"},
            'encryption = "none" would show the password to everybody on the way; use starttls or tls',
        ),
        (
            {"username": "ada", "password": "s3cr3tß"},
            "username and password can have ASCII letters only; set a password without others",
        ),
        (
            {"unsubscribe": "team@example.com"},
            'unsubscribe = "team@example.com" is no address; begin it with mailto: or https://',
        ),
        (
            {"unsubscribe": "mailto:a>, <mailto:b"},
            'unsubscribe = "mailto:a>, <mailto:b" is no address; begin it with mailto: or https://',
        ),
        ({"encryption": "ssl"}, 'encryption = "ssl" is not allowed; use starttls, tls or none'),
    ],
)
def test_problem_of_email_settings(settings: dict[str, str], problem: str) -> None:
    """Each problem says what was found and what to write."""
    good = {"host": "localhost", "from": "tocsin@example.com", "to": "ada@example.com"}
    assert check_settings("email", {**good, **settings})[1] == [problem]
    assert "s3cr3t" not in problem
