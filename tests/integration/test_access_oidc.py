"""Login by OpenID Connect, against a real provider with real signatures, and a real server process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from browser import Answer, Browser
from oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, providing
from served import Served, serving
from tocsin.core.access import Action, Role
from tocsin.engine.users import add_user, disable_user, enable_user

AUDIT = "/api/v1/audit"


@dataclass(frozen=True, kw_only=True)
class Company:
    """A server, and the provider that its people log in at."""

    served: Served
    provider: Provider

    def logs_in(self, browser: Browser | None = None, **user: Any) -> Answer:
        """Go the whole way as somebody, and return what the server says at its end."""
        browser = browser or self.served.browser()
        self.provider.user = {"sub": "1", "preferred_username": "Ann", "groups": ["platform"]} | user
        return browser.get(self.callback(browser))

    def callback(self, browser: Browser) -> str:
        """Go the way to the provider, and return the address that it sends the browser back to."""
        away = browser.get("/login/oidc/?next=/alerts")
        assert (away.status, away["Location"].startswith(f"{self.provider.issuer}/authorize?")) == (302, True)
        back = browser.get(away["Location"])
        assert back.status == 302, back.body
        return back["Location"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Run both."""
    with providing() as provider:
        settings = f"""
            [tocsin.oidc]
            issuer = "{provider.issuer}"
            client_id = "{CLIENT_ID}"
            roles = {{ platform = "admin", analysts = "read" }}
        """
        folder = tmp_path_factory.mktemp("company")
        with serving(folder, settings=settings, TOCSIN__OIDC__CLIENT_SECRET=CLIENT_SECRET) as served:
            yield Company(served=served, provider=provider)


@pytest.fixture
def company(running: Company) -> Company:
    """Give both, the provider honest again."""
    running.provider.forge = {}
    running.provider.metadata = {}
    return running


def test_somebody_comes_in_with_the_role_that_their_groups_have(company: Company) -> None:
    """Code, PKCE, state and nonce go to the provider; the ID token comes back, and with it a session and a role."""
    browser = company.served.browser()
    assert browser.get(AUDIT).status == 401
    answer = company.logs_in(browser)
    assert (answer.status, answer["Location"]) == (303, "/alerts")
    asked = company.provider.asked[-1]
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT_ID)
    assert len(asked["code_challenge"]) == 43
    assert asked["state"]
    assert asked["nonce"]
    assert asked["redirect_uri"] == f"{browser.base}/login/oidc/callback"
    entry = browser.get(AUDIT).json[0]
    assert (entry["actor"], entry["action"], entry["detail"]) == ("ann", "login", "role admin")
    assert "You are logged in as <strong>ann</strong>, with the role admin" in browser.get("/login").body


def test_the_login_page_leads_to_the_provider(company: Company) -> None:
    """Those who have no password find the way."""
    assert '<a href="/login/oidc/?next=/">' in company.served.browser().get("/login").body


def test_a_role_follows_the_groups(company: Company) -> None:
    """Each login takes the role from the claims anew, and the name stays with the person."""
    assert company.logs_in(sub="7", preferred_username="bob").status == 303
    browser = company.served.browser()
    answer = company.logs_in(browser, sub="7", preferred_username="robert", groups=["analysts", "others"])
    assert answer.status == 303
    assert "<strong>bob</strong>, with the role read" in browser.get("/login").body
    assert browser.get(AUDIT).status == 403


def test_who_has_no_role_is_not_let_in(company: Company) -> None:
    """Everybody in the company has an account; not everybody acts on alerts."""
    answer = company.logs_in(sub="8", preferred_username="carl", groups=["sales"])
    assert (answer.status, answer["Set-Cookie"].startswith("tocsin_session")) == (403, False)
    assert "You are not let in: no value of groups has a role in [tocsin.oidc.roles]." in answer.body
    with company.served.engine.store.reading() as tx:
        assert tx.user("carl") is None
        assert tx.audit(action=Action.LOGIN_FAILED, subject="carl")[0].origin == "127.0.0.1"


def test_who_is_disabled_is_not_let_in(company: Company) -> None:
    """What the provider says does not open what was closed here."""
    company.logs_in(sub="9", preferred_username="dora")
    disable_user(company.served.engine, "dora", by="ann")
    answer = company.logs_in(sub="9", preferred_username="dora")
    assert (answer.status, "You are not let in: the user is disabled." in answer.body) == (403, True)
    enable_user(company.served.engine, "dora", by="ann")
    assert company.logs_in(sub="9", preferred_username="dora").status == 303


def test_nobody_becomes_somebody_else_by_a_name(company: Company) -> None:
    """A user of that name keeps it, password and all; who comes gets the next name of theirs, or is not let in."""
    add_user(company.served.engine, "root", role=Role.ADMIN, password_hash="$argon2id$", by="ann")
    browser = company.served.browser()
    company.logs_in(browser, sub="10", preferred_username="root", email="Eve@Example.com", groups=["analysts"])
    assert "<strong>eve@example.com</strong>, with the role read" in browser.get("/login").body
    refused = company.logs_in(sub="root", preferred_username="ROOT", email="eve@example.com")
    assert (refused.status, "all names that the provider says belong to others" in refused.body) == (403, True)
    with company.served.engine.store.reading() as tx:
        user = tx.user("root")
    assert user is not None
    assert (user.identity, user.password_hash) == (None, "$argon2id$")


@pytest.mark.parametrize(
    "forge",
    [
        # Another login's token, used again.
        {"nonce": "another"},
        {"nonce": None},
        # A token for another program of the company.
        {"aud": ["wiki"]},
        {"aud": None},
        # A token of another company.
        {"iss": "https://evil.example"},
        {"iss": None},
        # A token of yesterday.
        {"exp": int(time.time()) - 86_400},
        # A token about nobody.
        {"sub": None},
        # A token that belongs to another answer.
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
def test_a_wrong_token_opens_nothing(company: Company, forge: dict[str, Any]) -> None:
    """Each claim that ties the token to this login, this server and this provider is looked at."""
    company.provider.forge = forge
    answer = company.logs_in(sub="11", preferred_username="mallory")
    assert (answer.status, "tocsin_session" in answer["Set-Cookie"]) == (502, False)
    assert "The login did not work" in answer.body
    with company.served.engine.store.reading() as tx:
        assert tx.user("mallory") is None


def test_a_wrong_signature_opens_nothing(company: Company) -> None:
    """A token that somebody else has signed, under the name of the right key."""
    right = company.provider.key
    company.provider.published = [right]
    company.provider.key = RSAKey.generate_key(2048, {"kid": right.kid})
    try:
        assert company.logs_in(sub="12", preferred_username="mallory").status == 502
    finally:
        company.provider.key, company.provider.published = right, []


def test_a_new_key_of_the_provider_is_asked_for(company: Company) -> None:
    """Providers change their keys; a server that runs for long finds the new one."""
    company.provider.key = RSAKey.generate_key(2048, {"kid": "2"})
    assert company.logs_in(sub="13", preferred_username="frank").status == 303


def test_what_another_browser_began_is_not_finished(company: Company) -> None:
    """A link to the callback with an attacker's code logs nobody in as the attacker; nor does one used twice."""
    mallory, victim = company.served.browser(), company.served.browser()
    link = company.callback(mallory)
    assert victim.get(link).status == 502
    assert victim.get(AUDIT).status == 401
    assert mallory.get(link).status == 303
    assert mallory.get(link).status == 502


@pytest.mark.parametrize("query", ["", "?state=x", "?code=x&state=y", "?error=access_denied&state=y"])
def test_odd_ways_back_are_refused(company: Company, query: str) -> None:
    """Whatever comes to the callback is a page that says to try again."""
    answer = company.served.browser().get(f"/login/oidc/callback{query}")
    assert (answer.status, "Try it again" in answer.body) == (502, True)


def test_a_session_by_a_provider_has_no_password(company: Company) -> None:
    """Nobody logs in with a password as who has none."""
    company.logs_in(sub="14", preferred_username="gina")
    answer = company.served.browser().post("/login", {"name": "gina", "password": ""})
    assert (answer.status, "Name or password is wrong." in answer.body) == (401, True)


def test_a_provider_that_is_another_is_refused(tmp_path: Path) -> None:
    """What it calls itself has to be what is configured, or its tokens would be anybody's."""
    with providing() as provider:
        provider.metadata = {"issuer": "https://evil.example"}
        settings = f'[tocsin.oidc]\nissuer = "{provider.issuer}"\nclient_id = "{CLIENT_ID}"\ndefault_role = "read"\n'
        with serving(tmp_path, settings=settings, TOCSIN__OIDC__CLIENT_SECRET=CLIENT_SECRET) as served:
            assert served.browser().get("/login/oidc/").status == 502
            served.process.complains("calls itself 'https://evil.example'")
            assert served.browser().get(AUDIT).status == 401
