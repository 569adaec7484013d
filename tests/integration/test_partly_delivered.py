"""A message that some of its recipients have, and some cannot take yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk import Desk, channel
from made import good_run, run
from mail_server import MailServer, serving_mail
from tocsin.core.outbox import Status
from tocsin.store.open import open_store

ADA, BOB = "ada@example.com", "bob@example.com"
LATER = "451 4.7.1 greylisted"


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Give a real mail server."""
    with serving_mail() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: MailServer) -> Desk:
    """Give an engine that sends mails to two people, one of whom is refused for now."""
    server.answers[BOB] = [LATER]
    mail = channel("mail", "email", **server.settings, encryption="none", to=f"{ADA}, {BOB}")
    return Desk(tmp_path, open_store(f"sqlite:///{tmp_path}/tocsin.db"), mail)


def got(server: MailServer) -> list[tuple[str, ...]]:
    """Return who got a mail, one tuple a mail."""
    return [received.recipients for received in server.received]


def test_who_waits_gets_it_alone(desk: Desk, server: MailServer) -> None:
    """Who could not take a mail is offered it again, alone, until it is taken."""
    desk.report(run())
    assert got(server) == [(ADA,)]
    assert [one.only for one in desk.decided("mail")] == [(BOB,)]
    desk.tick(minutes=4)
    assert len(desk.deliveries("mail")) == 1
    desk.tick(minutes=2)
    assert len(desk.deliveries("mail")) == 2
    server.answers[BOB] = ["250 Ok"]
    desk.tick(minutes=6)
    assert got(server) == [(ADA,), (BOB,)]
    assert [one.status for one in desk.decided("mail")] == [Status.SENT]
    assert len({received.mail["Message-ID"] for received in server.received}) == 1


def test_who_waits_holds_up_nobody_for_long(desk: Desk, server: MailServer) -> None:
    """After half an hour a message counts as sent, and what is new reaches those who can be reached, in its thread."""
    desk.report(run())
    desk.report(good_run())
    for _ in range(4):
        desk.tick(minutes=6)
    assert [one.status for one in desk.decided("mail")] == [Status.WAITING, Status.WAITING]
    assert got(server) == [(ADA,)]
    desk.tick(minutes=6)
    assert [one.status for one in desk.decided("mail")] == [Status.SENT, Status.SENT]
    first, second = server.received
    assert (first.recipients, second.recipients) == ((ADA,), (ADA,))
    assert second.mail["In-Reply-To"] == first.mail["Message-ID"]
    assert f"waits: {BOB} ({LATER})" in desk.deliveries("mail")[0].answer


def test_the_channel_is_well(desk: Desk, server: MailServer) -> None:
    """Somebody's full mailbox is no failure of the channel: nobody is told of it, and later mails go out at once."""
    desk.report(run())
    with desk.store.reading() as tx:
        state = tx.channel_state("mail")
    assert (state.failures_in_a_row, state.last_ok_at) == (0, desk.now)
    desk.report(run("run2", pipeline="billing"))
    assert got(server) == [(ADA,), (ADA,)]
