"""The pages of channels: whether anybody hears, a test message, and who would hear of a problem."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, Protocol

import pytest
from fastapi.testclient import TestClient

from desk import Desk
from made import at
from recorded_runs import HOSTILE
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.access import Action, Scope
from tocsin.core.outbox import ChannelState, Delivery
from tocsin.engine.api_keys import create_key
from tocsin.engine.opening import open_engine
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app

SECRET = "T0/B1/swordfish"


class Shown(Protocol):
    """An answer of the browser."""

    @property
    def text(self) -> str:
        """The page."""


def desk_with(home: Path, **values: Any) -> Desk:
    """Return an engine with these settings."""
    desk = Desk(home, MemoryStore())
    layer = Layer(origin="ops/tocsin.toml", values={"tocsin": values}, secrets_allowed=True)
    desk.engine = open_engine(load([layer], home=home), store=desk.store, clock=lambda: desk.now)
    return desk


def client(desk: Desk) -> TestClient:
    """Return a browser on the machine of the server, which knows nobody and lets it in."""
    return TestClient(
        create_app(desk.engine),
        base_url="http://127.0.0.1",
        client=("127.0.0.1", 5000),
        headers={"accept": "text/html"},
        follow_redirects=False,
    )


def text(answer: Shown) -> str:
    """Return what a page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return an engine with a channel that works, one that is refused, and one whose settings are wrong."""
    made = desk_with(
        tmp_path,
        channels={
            "ops": {"type": "slack", "webhook_url": f"https://hooks.slack.com/services/{SECRET}"},
            "mail": {"type": "email", "host": "smtp.example.com", "from": "a@b.example", "to": "team@b.example"}
            | {"username": "tocsin", "password": SECRET},
            "broken": {"type": "slak", "webhook_url": SECRET},
            "log": {"type": "file", "path": str(tmp_path / "log.jsonl")},
        },
        routes=[{"match": ["severity=critical"], "channels": ["ops"], "name": "pages"}],
        owners={"sales": ["mail"]},
    )
    with made.store.writing() as tx:
        for number in range(25):
            ok = number < 22
            said = {"ok": ok, "status": 200 if ok else 403, "answer": "ok" if ok else f"invalid_token {HOSTILE}"}
            tx.add_delivery(Delivery(notification_id="n", channel="ops", at=at(-number), took_ms=40, **said))  # type: ignore[arg-type]
        tx.save_channel_state(ChannelState(channel="ops", last_ok_at=at(0)))
        tx.save_channel_state(
            ChannelState(
                channel="mail",
                settings_hash=made.engine.channels["mail"].settings_hash,
                disabled_at=at(-60),
                disabled_because="535 5.7.8 not accepted",
            )
        )
    return made


def test_channels_say_whether_they_work_the_worst_first(desk: Desk) -> None:
    """Each card has its state with the reason, the last answer, a strip of twenty deliveries, and what leads there."""
    answer = client(desk).get("/channels")
    shown = text(answer)
    assert "2 of 4 channels in trouble" in shown
    assert re.findall(r'<h2 id="name-\d">(\w+)</h2>', answer.text) == ["mail", "broken", "log", "ops"]
    assert "✕ disabled 1 h ago: 535 5.7.8 not accepted" in shown
    assert "✓ 200 ok, in 40 ms , just now" in shown
    assert "The last 20 deliveries: 20 delivered" in answer.text
    assert 'Used by pages (severity="critical") what no route and no owner takes' in shown
    assert "Used by owner sales what no route and no owner takes" in shown
    assert 'tocsin.channels.broken in ops/tocsin.toml: type = "slak" is no channel; did you mean slack?' in shown


def test_no_secret_is_shown(desk: Desk) -> None:
    """Of a secret it is told that it is there, of an address only the host, and of what is not known nothing."""
    answer = client(desk).get("/channels")
    assert SECRET not in answer.text
    assert "swordfish" not in answer.text
    shown = text(answer)
    assert "webhook_url https://hooks.slack.com/…" in shown
    assert "password set in ops/tocsin.toml" in shown
    assert "to team@b.example" in shown


def test_an_answer_is_text(desk: Desk) -> None:
    """What a receiver answers becomes no markup."""
    with desk.store.writing() as tx:
        tx.add_delivery(Delivery(notification_id="n", channel="log", at=at(1), took_ms=1, ok=False, answer=HOSTILE))
    answer = client(desk).get("/channels")
    assert "<img" not in answer.text
    assert not {"\u202e", "\x1b"} & set(answer.text)


def test_a_test_message_leads_to_the_answer(tmp_path: Path, desk: Desk) -> None:
    """The answer stands on the page that follows, the audit trail tells who asked, and the delivery is kept."""
    browser = client(desk)
    answer = browser.post("/channels/test", data={"channel": "log"})
    assert answer.status_code == 303
    page = browser.get(answer.headers["location"])
    assert "The test message through log was taken" in text(page)
    assert "bytes appended to" in text(page)
    assert '"Test message from Tocsin"' in (tmp_path / "log.jsonl").read_text()
    with desk.store.reading() as tx:
        (entry,) = tx.audit(action=Action.TEST_CHANNEL)
        (delivery,) = tx.last_deliveries(["log"], each=9)["log"]
        kept = tx.notification(delivery.notification_id)
    assert (entry.actor, entry.origin, entry.subject) == ("somebody", "127.0.0.1", "log")
    assert kept is not None
    assert (kept.reason, kept.status, kept.alert_id) == ("a test message", "sent", None)


def test_a_refusal_of_a_test_message_is_shown(tmp_path: Path) -> None:
    """Whoever tests a channel sees what the receiver said."""
    (tmp_path / "log").mkdir()
    desk = desk_with(tmp_path, channels={"log": {"type": "file", "path": str(tmp_path / "log")}})
    browser = client(desk)
    page = browser.get(browser.post("/channels/test", data={"channel": "log"}).headers["location"])
    assert "The test message through log was not taken" in text(page)
    assert "is a directory" in text(page).lower()


def test_what_cannot_be_tested_says_why(desk: Desk) -> None:
    """A name that is not known, settings that are wrong, and somebody who may only read."""
    browser = client(desk)
    assert "no channel is called 'opps'; there are:" in text(browser.post("/channels/test", data={"channel": "opps"}))
    broken = browser.post("/channels/test", data={"channel": "broken"})
    assert (broken.status_code, "is no channel; did you mean slack?" in text(broken)) == (409, True)
    _, key = create_key(desk.engine, name="reads", scopes=[Scope.READ], by="ann", environments=None, expires_at=None)
    reader = {"authorization": f"Bearer {key}"}
    assert browser.post("/channels/test", data={"channel": "log"}, headers=reader).status_code == 403
    assert "Send test" not in browser.get("/channels", headers=reader).text


def test_without_a_channel_it_is_said_what_to_paste(tmp_path: Path) -> None:
    """Problems reach nobody, and the page says so."""
    shown = text(client(desk_with(tmp_path)).get("/channels"))
    assert "Nobody is told: no channel is configured" in shown
    assert '[tocsin.channels.ops] type = "slack"' in shown


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"pipeline": "orders"}, "orders: failed, 23 Nov 2026 12:00:00 UTC"),
        ({"pipeline": "orders"}, "Takes every channel, as no route matches"),
        ({"pipeline": "orders", "severity": "critical"}, 'Takes pages (severity="critical")'),
        ({"pipeline": "orders", "severity": "critical"}, "ops at once, by pages again every 4 h"),
        (
            {"pipeline": "orders", "severity": "critical"},
            "Who does not mail, log pages does not name it broken it cannot",
        ),
        ({"pipeline": "orders", "owner": "sales"}, "but at present it is disabled (1 h ago: 535 5.7.8 not accepted)"),
        ({"pipeline": "orders", "at": "sun 3:00", "kind": "late"}, "orders: late, 29 Nov 2026 03:00:00 UTC"),
        ({"pipeline": HOSTILE}, '<img src=x onerror="alert(1)">&amp;: failed'),
        ({}, "Name a pipeline"),
    ],
)
def test_who_would_hear_is_explained(desk: Desk, asked: dict[str, str], said: str) -> None:
    """The words are those of `tocsin route explain`; what is not asked for is as the configuration says it."""
    answer = client(desk).get("/channels/routes", params=asked)
    assert answer.status_code == 200
    assert said in text(answer)
    assert "<img" not in answer.text


def test_a_time_that_is_none_is_answered_with_examples(desk: Desk) -> None:
    """What else was chosen stands there still."""
    answer = client(desk).get("/channels/routes", params={"pipeline": "orders", "at": "soon", "severity": "error"})
    assert answer.status_code == 422
    assert "'soon' is no time; write for example" in text(answer)
    assert '<option value="error" selected>' in answer.text


def test_silences_decide_as_they_would_then(desk: Desk) -> None:
    """A silence holds a problem back until its end, and one that is over by then does not."""
    browser = client(desk)
    browser.post(
        "/silences/new", data={"conditions": "pipeline=orders", "end": "2h", "start": "", "reason": "it is moved"}
    )
    now = text(browser.get("/channels/routes?pipeline=orders"))
    assert "of somebody: it is moved) until 23 Nov 2026 14:00:00 UTC" in now
    later = text(browser.get("/channels/routes?pipeline=orders&at=3h"))
    assert "it is moved" not in later
    desk.now += timedelta(hours=3)
    assert "it is moved" not in text(browser.get("/channels/routes?pipeline=orders"))
