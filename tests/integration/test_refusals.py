"""What is refused: a page for who asked with a browser, a problem for a program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from recorded_runs import HOSTILE
from tocsin.config.model import Config
from tocsin.core.access import Role, Scope
from tocsin.engine.api_keys import create_key
from tocsin.engine.opening import open_engine
from tocsin.engine.users import add_user
from tocsin.store.memory import MemoryStore
from tocsin.web.access.passwords import hash_password
from tocsin.web.app import create_app

#: As browsers ask for a page.
PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PASSWORD = "correct horse battery"


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """Give an application that knows ann, who may read."""
    engine = open_engine(Config(home=tmp_path), store=MemoryStore())
    add_user(engine, "ann", role=Role.READ, password_hash=hash_password(PASSWORD), by="test")
    return create_app(engine)


@pytest.fixture
def browser(app: FastAPI) -> Iterator[TestClient]:
    """Give a browser that follows no redirects by itself."""
    with TestClient(
        app, base_url="http://127.0.0.1", headers=PAGE, follow_redirects=False, raise_server_exceptions=False
    ) as client:
        yield client


def log_in(browser: TestClient, to: str = "/") -> str:
    """Log ann in, and return where that leads."""
    form = {"name": "ann", "password": PASSWORD, "next": to}
    answer = browser.post("/login", data=form, headers={"Origin": "http://127.0.0.1"})
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_who_is_not_logged_in_comes_back_to_the_page_that_was_asked_for(browser: TestClient) -> None:
    """By way of the login, with all that was chosen on the page."""
    answer = browser.get("/?q=a%26b&show=problems")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=%2F%3Fq%3Da%2526b%26show%3Dproblems"
    form = browser.get(answer.headers["Location"])
    assert 'name="next" value="/?q=a%26b&amp;show=problems"' in form.text
    assert log_in(browser, "/?q=a%26b&show=problems") == "/?q=a%26b&show=problems"
    assert browser.get("/?q=a%26b&show=problems").status_code == 200


def test_an_act_is_not_done_by_a_login(browser: TestClient) -> None:
    """After it somebody has to want it once more."""
    answer = browser.post("/api/v1/silences", headers={"Origin": "http://127.0.0.1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=%2F")


@pytest.mark.parametrize(
    "headers",
    [
        # A page that looks for news, and asks for itself as a whole when it hears this.
        {"HX-Request": "true"},
        {"Accept": "application/json"},
        {"Accept": "*/*"},
    ],
    ids=str,
)
def test_programs_and_pages_that_look_for_news_are_told_and_not_led(
    browser: TestClient, headers: dict[str, str]
) -> None:
    """A login page in the place of data helps nobody."""
    answer = browser.get("/", headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="tocsin"')


def test_each_refusal_is_a_page_with_what_was_found_and_where_to_go_on(app: FastAPI, browser: TestClient) -> None:
    """What is not here, what may not be done and what has failed: with the names of the pages, as on every page."""

    @app.get("/fails")
    async def fails() -> None:
        raise ZeroDivisionError("secret")

    log_in(browser)
    for path, status, title, reason in (
        ("/nothing", 404, "This is not here", "GET /nothing: there is no such page."),
        ("/api/v1/audit", 403, "You may not do this", "This needs the scope admin, and ann has read."),
        ("/?cursor=!", 422, "This cannot be understood", "query.cursor"),
        ("/fails", 500, "Tocsin has failed at this", "its log says how"),
    ):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
        assert title in answer.text
        assert reason in answer.text
        assert '<a class="button main" href="/">' in answer.text
        assert "secret" not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert browser.get(path, headers={"Accept": "*/*"}).json()["status"] == status
    assert '<nav aria-label="Pages">' in browser.get("/api/v1/audit").text


def test_what_was_asked_for_is_escaped(browser: TestClient) -> None:
    """An address can hold anything."""
    answer = browser.get(f"/{quote(HOSTILE)}")
    assert answer.status_code == 404
    assert "<img" not in answer.text
    assert "\u202e" not in answer.text


def test_a_key_that_may_not_hears_that_as_it_asks(app: FastAPI, browser: TestClient) -> None:
    """A program gets a problem however it is called."""
    engine = app.state.server.engine
    made = create_key(engine, name="ci", scopes=[Scope.INGEST], environments=None, expires_at=None, by="test")
    answer = browser.get("/", headers={"Accept": "*/*", "Authorization": f"Bearer {made[1]}"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json")
