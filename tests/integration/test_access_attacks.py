"""What is tried to get in, against a real server process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from browser import Answer, Browser
from made import run
from served import Served, serving
from tocsin.core.access import Action, Role, Scope
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType
from tocsin.engine.api_keys import create_key, revoke_key
from tocsin.engine.clock import system_clock
from tocsin.engine.users import add_user
from tocsin.web.access.passwords import hash_password

AUDIT = "/api/v1/audit"
EVENTS = "/api/v1/events"
PASSWORD = "correct horse battery"


@dataclass(frozen=True, kw_only=True)
class House:
    """A server that knows some keys and Ann, who is an administrator."""

    served: Served
    keys: dict[str, str]

    def with_key(self, name: str, path: str = AUDIT, **headers: str) -> Answer:
        """Ask with a key."""
        return self.served.browser().get(path, Authorization=f"Bearer {self.keys[name]}", **headers)

    def post_event(self, name: str, environment: str) -> Answer:
        """Report a run with a key."""
        made = run(environment=environment)
        event = Event(id=f"{name}-{environment}", type=EventType.RUN_FINISHED, at=made.started_at, run=made)
        body = json.dumps(encode(event))
        headers = {"Authorization": f"Bearer {self.keys[name]}", "Content_Type": "application/json"}
        return self.served.browser().ask("POST", EVENTS, body, **headers)

    def ann(self) -> Browser:
        """Return the browser of Ann, who is logged in."""
        browser = self.served.browser()
        assert browser.post("/login", {"name": "ann", "password": PASSWORD}).status == 303
        return browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Serve to those who are known."""
    with serving(tmp_path_factory.mktemp("house")) as served:
        engine = served.engine

        def key(name: str, *scopes: Scope, life: float | None = None, environments: list[str] | None = None) -> str:
            end = None if life is None else system_clock() + timedelta(seconds=life)
            made = create_key(engine, name=name, scopes=scopes, environments=environments, expires_at=end, by="ann")
            return made[1]

        keys = {
            "admin": key("admin", Scope.ADMIN),
            "orders": key("orders", Scope.INGEST, environments=["prod"]),
            "partial": key("partial", Scope.ADMIN, environments=["prod"]),
            "revoked": key("revoked", Scope.ADMIN),
            "expired": key("expired", Scope.ADMIN, life=0.001),
        }
        keys["unknown"] = f"tocsin_000000000000_{keys['admin'][-43:]}"
        # Right up to the last characters.
        keys["wrong"] = keys["admin"][:-4] + ("AAAA" if keys["admin"][-4:] != "AAAA" else "BBBB")
        revoke_key(engine, "revoked", by="ann")
        add_user(engine, "ann", role=Role.ADMIN, password_hash=hash_password(PASSWORD), by="ann")
        yield House(served=served, keys=keys)


# Each row: what is tried, the status of the answer, and what it says.
_TRIED: list[tuple[Callable[[House], Answer], int, str]] = [
    # Nothing is shown at all.
    (lambda house: house.served.browser().get(AUDIT), 401, "This needs a key (Authorization: Bearer tocsin_…)"),
    # A key with one wrong secret, and one that never was: the answers do not tell which.
    (lambda house: house.with_key("wrong"), 401, "The key is not known here."),
    (lambda house: house.with_key("unknown"), 401, "The key is not known here."),
    # A key that somebody found in an old file.
    (lambda house: house.with_key("revoked"), 401, "(revoked) was revoked."),
    (lambda house: house.with_key("expired"), 401, "(expired) has expired."),
    # The key of a pipeline does not show who works here.
    (lambda house: house.with_key("orders"), 403, "This needs the scope admin, and key orders has ingest."),
    # Nor does it report what never happened in another environment.
    (lambda house: house.post_event("orders", "staging"), 403, "key orders is not for the environment 'staging'"),
    # And who administers does not report runs.
    (lambda house: house.post_event("admin", "prod"), 403, "This needs the scope ingest, and key admin has read, act"),
    # Who administers one environment does not see what people do in the others.
    (
        lambda house: house.with_key("partial"),
        403,
        "The audit trail is of all environments, and key partial is for some.",
    ),
    # A good key in the wrong place: as a user name, and in the address, which is logged everywhere.
    (lambda house: house.served.browser().get(AUDIT, Authorization="Basic YTpi"), 401, "This needs a key"),
    (lambda house: house.served.browser().get(f"{AUDIT}?key={house.keys['admin']}"), 401, "This needs a key"),
    # A session that was never begun.
    (lambda house: house.served.browser().get(AUDIT, Cookie=f"tocsin_session={'A' * 43}"), 401, "This needs a key"),
    # A bad key does not become a good one by a good session beside it.
    (
        lambda house: house.ann().get(AUDIT, Authorization=f"Bearer {house.keys['revoked']}"),
        401,
        "(revoked) was revoked.",
    ),
    # Forms that other pages send with Ann's cookie: elsewhere, on a neighbour, without an origin, without a word.
    (
        lambda house: house.ann().post("/logout", Sec_Fetch_Site="cross-site"),
        403,
        "The request comes from another site",
    ),
    (lambda house: house.ann().post("/logout", Sec_Fetch_Site="same-site"), 403, "The request comes from another site"),
    (lambda house: house.ann().post("/logout", Origin="https://evil.example"), 403, "comes from another site"),
    (lambda house: house.ann().post("/logout", Origin="null"), 403, "The request comes from another site"),
    (lambda house: house.ann().post("/logout", Origin=""), 403, "or does not say from which"),
    # The origin of the page is right, and the browser knows that it lies.
    (
        lambda house: house.ann().post("/logout", Origin=house.served.address, Sec_Fetch_Site="cross-site"),
        403,
        "The request comes from another site",
    ),
    # Somebody is to be logged in as the attacker, to type secrets into the wrong account.
    (
        lambda house: house.served.browser().post(
            "/login", {"name": "ann", "password": PASSWORD}, Origin="https://evil.example"
        ),
        403,
        "The request comes from another site",
    ),
    # The machine is known, so its loopback opens nothing any more, whatever a proxy says of who asks.
    (lambda house: house.served.browser().get(AUDIT, X_Forwarded_For="127.0.0.1"), 401, "This needs a key"),
    (lambda house: house.served.browser().get(AUDIT, Host="localhost"), 401, "This needs a key"),
]


@pytest.mark.parametrize("number", range(len(_TRIED)))
def test_it_is_refused(house: House, number: int) -> None:
    """Each attempt is refused with the status and the sentence of its row, and says how to come in."""
    attempt, status, says = _TRIED[number]
    answer = attempt(house)
    assert (answer.status, answer["Content-Type"]) == (status, "application/problem+json")
    assert says in answer.detail
    if status == 401:
        assert answer["WWW-Authenticate"] == 'Bearer realm="tocsin"'
    if "needs the scope" in says:
        assert 'error="insufficient_scope", scope=' in answer["WWW-Authenticate"]


def test_who_is_known_comes_in(house: House) -> None:
    """The very requests that are refused above are answered to the right key and the right session."""
    assert house.with_key("admin").status == 200
    assert house.post_event("orders", "prod").status == 202
    ann = house.ann()
    assert ann.get(AUDIT).status == 200
    assert ann.post("/logout").status == 303
    assert ann.get(AUDIT).status == 401


def test_a_planted_session_is_of_no_use(house: House) -> None:
    """A login makes a new token, and what the browser had before opens nothing: not to who planted it either."""
    mallory, victim = house.ann(), house.served.browser()
    planted = dict(mallory.cookies[victim.base.partition("//")[2]])
    victim.cookies = {netloc: dict(planted) for netloc in mallory.cookies}
    assert victim.post("/login", {"name": "ann", "password": PASSWORD}).status == 303
    assert victim.cookies != mallory.cookies
    assert victim.get(AUDIT).status == 200
    assert mallory.get(AUDIT).status == 401


def test_the_cookie_tells_scripts_and_other_sites_nothing(house: House) -> None:
    """No script reads it, no other site's form takes it along, and the store does not hold it."""
    browser = house.served.browser()
    cookie = browser.post("/login", {"name": "ann", "password": PASSWORD})["Set-Cookie"]
    assert "; HttpOnly; Max-Age=604800; Path=/; SameSite=lax" in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    kept = b"".join(path.read_bytes() for path in Path(house.served.engine.config.home).glob("tocsin.db*"))
    assert b"argon2id" in kept
    assert token.encode() not in kept
    assert not [name for name, text in house.keys.items() if text[20:].encode() in kept]
    assert PASSWORD.encode() not in kept


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil.example", ""]
)
def test_a_login_leads_to_our_own_pages_only(house: House, to: str) -> None:
    """A link to the login that leads elsewhere after it leads home."""
    answer = house.served.browser().post("/login", {"name": "ann", "password": PASSWORD, "next": to})
    assert (answer.status, answer["Location"]) == (303, "/")


def test_a_login_leads_to_where_somebody_wanted_to_go(house: House) -> None:
    """The page and what was chosen on it are kept."""
    browser = house.served.browser()
    page = browser.get("/login?next=/alerts%3Fa%3D1%26b%3D%22%3E").body
    assert '<input type="hidden" name="next" value="/alerts?a=1&amp;b=&#34;&gt;">' in page
    assert "<script>" not in page
    assert "<style" not in page
    answer = browser.post("/login", {"name": "ann", "password": PASSWORD, "next": "/alerts?a=1"})
    assert answer["Location"] == "/alerts?a=1"


def test_a_forged_address_is_not_believed(house: House) -> None:
    """What a client writes into X-Forwarded-For neither hides it in the audit trail nor escapes the throttle."""
    browser = house.served.browser()
    for number in range(10):
        forged = f"192.0.2.{number}"
        answer = browser.post(
            "/login", {"name": "eve", "password": "wrong"}, X_Forwarded_For=forged, Forwarded=f"for={forged}"
        )
        assert answer.status == 401
    answer = browser.post("/login", {"name": "eve", "password": "wrong"}, X_Forwarded_For="192.0.2.77")
    assert (answer.status, answer["Retry-After"]) == (429, "900")
    with house.served.engine.store.reading() as tx:
        tried = tx.audit(action=Action.LOGIN_FAILED, subject="eve")
    assert [entry.origin for entry in tried] == ["127.0.0.1"] * 10


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (b"name=ann&password=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413, "16,384 bytes at most"),
        (b'{"name": "ann"}', "application/json", 415, "Send a form"),
        (b"name=\xff", "application/x-www-form-urlencoded", 400, "This is no form"),
        (b"&".join(b"a=1" for _ in range(99)), "application/x-www-form-urlencoded", 400, "This is no form"),
    ],
)
def test_odd_forms_are_refused(house: House, body: bytes, kind: str, status: int, says: str) -> None:
    """Large, wrong and broken forms cost nothing and say why."""
    browser = house.served.browser()
    answer = browser.ask("POST", "/login", body, Content_Type=kind, Origin=browser.base)
    assert (answer.status, says in answer.detail) == (status, True)
