"""What time does to keys, sessions and failed logins; on every store, since servers share it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from made import NOON
from stores import NewStore
from tocsin.config.model import Config
from tocsin.core.access import IDLE, LONGEST, Action, ApiKey, Role, Scope
from tocsin.engine import users
from tocsin.engine.api_keys import create_key, revoke_key
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from tocsin.web.access import keys, login, throttle
from tocsin.web.access.passwords import hash_password
from tocsin.web.app import create_app
from typed_process import wait_until

AUDIT = "/api/v1/audit"
PASSWORD = "correct horse battery"
MINUTE = timedelta(minutes=1)


class Fleet:
    """Servers on one store, with one clock."""

    def __init__(self, engine: Engine, stack: ExitStack) -> None:
        """Begin at noon without a server."""
        self.engine = engine
        self.now = NOON
        self._stack = stack

    def browser(self, address: str = "192.0.2.7") -> TestClient:
        """Start another server, and return a browser that asks it from this address."""
        app = create_app(self.engine, bound="192.0.2.1")
        client = TestClient(app, base_url="http://tocsin.example", client=(address, 5000), follow_redirects=False)
        return self._stack.enter_context(client)

    def log_in(self, browser: TestClient, password: str = PASSWORD, name: str = "ann") -> int:
        """Log somebody in, and return the status of the answer."""
        form = {"name": name, "password": password}
        return browser.post("/login", data=form, headers={"Origin": "http://tocsin.example"}).status_code

    def has_failed(self, logins: Iterable[tuple[str, str]]) -> None:
        """Note that somebody could not log in now: names and addresses."""
        with self.engine.store.writing() as tx:
            for name, origin in logins:
                login.refuse(self.engine, tx, name=name, origin=origin, why="the password is wrong")

    def key(self, **changes: datetime) -> tuple[ApiKey, dict[str, str]]:
        """Make a key, and return it with the header that shows it."""
        given = {"environments": None, "expires_at": None} | changes
        key, text = create_key(self.engine, name="ci", scopes=[Scope.ADMIN], by="ann", **given)  # type: ignore[arg-type]
        return key, {"Authorization": f"Bearer {text}"}


@pytest.fixture
def fleet(tmp_path: Path, new_store: NewStore) -> Iterator[Fleet]:
    """Give a fleet that knows Ann."""
    with ExitStack() as stack:
        engine = open_engine(Config(home=tmp_path), store=new_store(), clock=lambda: made.now)
        made = Fleet(engine, stack)
        users.add_user(engine, "ann", role=Role.ADMIN, password_hash=hash_password(PASSWORD), by="eve")
        yield made


def test_a_session_ends_when_nobody_uses_it(fleet: Fleet) -> None:
    """Each use makes it last, and on any server of the fleet; without one it is over."""
    browser, other = fleet.browser(), fleet.browser()
    assert fleet.log_in(browser) == 303
    other.cookies = browser.cookies
    fleet.now += IDLE - MINUTE
    assert other.get(AUDIT).status_code == 200
    wait_until(lambda: _seen_at(fleet, browser) == fleet.now, "the use to be noted")
    fleet.now += IDLE - MINUTE
    assert browser.get(AUDIT).status_code == 200
    wait_until(lambda: _seen_at(fleet, browser) == fleet.now, "the use to be noted")
    fleet.now += IDLE
    assert browser.get(AUDIT).status_code == 401


def test_a_session_ends_after_a_time_in_any_case(fleet: Fleet) -> None:
    """Whoever has got hold of one has it no longer than that."""
    browser = fleet.browser()
    assert fleet.log_in(browser) == 303
    while fleet.now < NOON + LONGEST - MINUTE:
        fleet.now = min(fleet.now + IDLE / 2, NOON + LONGEST - MINUTE)
        assert browser.get(AUDIT).status_code == 200
        wait_until(lambda: _seen_at(fleet, browser) == fleet.now, "the use to be noted")
    fleet.now += MINUTE
    assert browser.get(AUDIT).status_code == 401


def test_log_out_everywhere_ends_all_sessions(fleet: Fleet) -> None:
    """Of this user, on all servers, and of nobody else; it is in the audit trail."""
    users.add_user(fleet.engine, "bob", role=Role.ADMIN, password_hash=hash_password(PASSWORD), by="eve")
    home, work, bob = fleet.browser(), fleet.browser(), fleet.browser()
    assert [fleet.log_in(home), fleet.log_in(work), fleet.log_in(bob, name="bob")] == [303] * 3
    home.post("/logout/everywhere", headers={"Sec-Fetch-Site": "same-origin"})
    assert [each.get(AUDIT).status_code for each in (home, work, bob)] == [401, 401, 200]
    entry = bob.get(AUDIT).json()[0]
    assert (entry["actor"], entry["action"], entry["origin"]) == ("ann", "logout everywhere", "192.0.2.7")


@pytest.mark.parametrize("act", ["disable", "password", "role"])
def test_what_is_done_to_a_user_is_so_at_once(fleet: Fleet, act: str) -> None:
    """A session does not outlive what it was begun with."""
    browser = fleet.browser()
    assert fleet.log_in(browser) == 303
    assert browser.get(AUDIT).status_code == 200
    match act:
        case "disable":
            users.disable_user(fleet.engine, "ann", by="eve")
        case "password":
            users.change_password(fleet.engine, "ann", hash_password("another " + PASSWORD), by="eve")
        case "role":
            users.change_role(fleet.engine, "ann", Role.ACT, by="eve")
    assert browser.get(AUDIT).status_code == (403 if act == "role" else 401)


@pytest.mark.parametrize("what", ["unknown", "disabled", "wrong"])
def test_a_failed_login_does_not_tell_why(fleet: Fleet, what: str) -> None:
    """Not to whoever tries, in text or time: the same hash is computed; the audit trail tells it."""
    users.add_user(fleet.engine, "bob", role=Role.READ, password_hash=hash_password(PASSWORD), by="eve")
    users.disable_user(fleet.engine, "bob", by="eve")
    name, password = {"unknown": ("eve", PASSWORD), "disabled": ("bob", PASSWORD), "wrong": ("ann", "x")}[what]
    browser = fleet.browser()
    answer = browser.post(
        "/login", data={"name": name, "password": password}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert (answer.status_code, "Name or password is wrong." in answer.text) == (401, True)
    assert not browser.cookies
    with fleet.engine.store.reading() as tx:
        entry = tx.audit(action=Action.LOGIN_FAILED)[0]
    why = {"unknown": "there is no such user", "disabled": "the user is disabled", "wrong": "the password is wrong"}
    assert (entry.actor, entry.subject, entry.origin, entry.detail) == ("nobody", name, "192.0.2.7", why[what])


def test_guessing_a_password_is_throttled_by_name(fleet: Fleet) -> None:
    """From any number of addresses and at any server; the right password has to wait too, and then comes in."""
    fleet.has_failed([("ann", f"192.0.2.{number}") for number in range(throttle.MOST_BY_NAME - 2)])
    for browser in (fleet.browser("192.0.2.8"), fleet.browser("192.0.2.9")):
        fleet.now += timedelta(seconds=1)
        assert fleet.log_in(browser, "wrong") == 401
    browser = fleet.browser("198.51.100.1")
    assert fleet.log_in(browser) == 429
    fleet.now = NOON + throttle.WITHIN - timedelta(seconds=1)
    assert fleet.log_in(browser) == 429
    fleet.now = NOON + throttle.WITHIN
    assert fleet.log_in(browser) == 303


def test_guessing_names_is_throttled_by_address(fleet: Fleet) -> None:
    """Whoever tries one password with many names has to wait; others do not."""
    browser = fleet.browser()
    fleet.has_failed([(f"user{number}", "192.0.2.7") for number in range(throttle.MOST_BY_ADDRESS - 1)])
    assert [fleet.log_in(browser, "wrong", name) for name in ("bob", "eve")] == [401, 429]
    assert fleet.log_in(browser) == 429
    assert fleet.log_in(fleet.browser("198.51.100.1")) == 303


def test_a_key_expires_while_it_is_remembered(fleet: Fleet) -> None:
    """What is known of a key for a moment is the key, and not that it opens something."""
    _, header = fleet.key(expires_at=NOON + MINUTE)
    browser = fleet.browser()
    assert browser.get(AUDIT, headers=header).status_code == 200
    fleet.now += MINUTE
    answer = browser.get(AUDIT, headers=header)
    assert (answer.status_code, "has expired" in answer.json()["detail"]) == (401, True)


def test_a_revoked_key_is_forgotten_within_seconds(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has just seen it lets it in for 2 seconds more, asks the store again, and lets it in no more."""
    assert keys.REMEMBERED_FOR == 2
    monkeypatch.setattr(keys, "REMEMBERED_FOR", 3600.0)
    key, header = fleet.key()
    browser = fleet.browser()
    assert browser.get(AUDIT, headers=header).status_code == 200
    assert revoke_key(fleet.engine, key.id, by="ann")[1]
    assert not revoke_key(fleet.engine, key.id, by="bob")[1]
    assert browser.get(AUDIT, headers=header).status_code == 200
    monkeypatch.setattr(keys, "REMEMBERED_FOR", 0.0)
    answer = browser.get(AUDIT, headers=header)
    assert (answer.status_code, "was revoked" in answer.json()["detail"]) == (401, True)


def test_the_use_of_a_key_is_noted_once_a_minute(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is used all the time costs the store a transaction a minute, and not one a request."""
    monkeypatch.setattr(keys, "REMEMBERED_FOR", 0.0)
    key, header = fleet.key()
    browser = fleet.browser()

    def used_at() -> datetime | None:
        with fleet.engine.store.reading() as tx:
            known = tx.api_key(key.id)
        return known.last_used_at if known else None

    assert used_at() is None
    browser.get(AUDIT, headers=header)
    wait_until(lambda: used_at() == NOON, "the use to be noted")
    fleet.now = NOON + MINUTE / 2
    browser.get(AUDIT, headers=header)
    fleet.now = NOON + MINUTE
    browser.get(AUDIT, headers=header)
    wait_until(lambda: used_at() == NOON + MINUTE, "the use to be noted again")


def test_an_address_with_https_asks_for_secure_cookies(tmp_path: Path, new_store: NewStore) -> None:
    """Browsers then send it over https to this very host alone, and our own proxy may change the name of the server."""
    config = Config(home=tmp_path, public_url="https://tocsin.internal")
    engine = open_engine(config, store=new_store(), clock=lambda: NOON)
    users.add_user(engine, "ann", role=Role.READ, password_hash=hash_password(PASSWORD), by="eve")
    with TestClient(create_app(engine), base_url="http://10.0.0.1:8765", follow_redirects=False) as browser:
        form = {"name": "ann", "password": PASSWORD}
        answer = browser.post("/login", data=form, headers={"Origin": "https://tocsin.internal"})
    assert answer.headers["set-cookie"].startswith("__Host-tocsin_session=")
    assert answer.headers["set-cookie"].endswith("; HttpOnly; Max-Age=604800; Path=/; SameSite=lax; Secure")


def _seen_at(fleet: Fleet, browser: TestClient) -> datetime | None:
    with fleet.engine.store.reading() as tx:
        found = users.who_has(tx, browser.cookies["tocsin_session"], fleet.engine)
    return found[1].seen_at if found else None
