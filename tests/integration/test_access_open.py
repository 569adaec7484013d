"""A server that knows nobody: it is there for its own machine alone, and closes for good with the first key."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Answer
from made import run
from served import Served, serving
from tocsin.core.access import Role, Scope
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType
from tocsin.engine.api_keys import create_key, revoke_key
from tocsin.engine.users import add_user, disable_user
from typed_process import TypedProcess, wait_until

AUDIT = "/api/v1/audit"


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve where nobody is known."""
    with serving(tmp_path_factory.mktemp("open")) as served:
        yield served


def report(served: Served, **headers: str) -> Answer:
    """Report a run as a program does: without a word on where it comes from."""
    made = run()
    event = Event(id="e1", type=EventType.RUN_FINISHED, at=made.started_at, run=made)
    body = json.dumps(encode(event))
    return served.browser().ask("POST", "/api/v1/events", body, **{"Content_Type": "application/json"} | headers)


def test_its_own_machine_may_do_everything(open_server: Served) -> None:
    """Who tries Tocsin out needs no key."""
    assert report(open_server).status == 202
    answer = open_server.browser().get(AUDIT)
    assert (answer.status, answer.json) == (200, [])


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8765", "LOCALHOST", "127.0.0.1", "127.1.2.3:1", "[::1]:80", "a.localhost"]
)
def test_it_is_asked_by_a_name_of_the_loopback(open_server: Served, host: str) -> None:
    """All that means this machine."""
    assert open_server.browser().get(AUDIT, Host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        # A page whose name points to 127.0.0.1 reads what is answered to it: DNS rebinding.
        {"Host": "evil.example"},
        {"Host": "evil.example:8765"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evil.example#localhost"},
        {"Host": "localhost@evil.example"},
        {"Host": "192.0.2.7"},
        {"Host": "[::1"},
        # A proxy asks for somebody else.
        {"Forwarded": "for=192.0.2.7"},
        {"X_Forwarded_For": "127.0.0.1"},
        {"X_Forwarded_Host": "localhost"},
        {"X_Forwarded_Server": "proxy"},
        {"X_Real_Ip": "127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
    ids=str,
)
def test_it_is_closed_to_all_others(open_server: Served, headers: dict[str, str]) -> None:
    """Whoever may be somebody else has to show a key."""
    answer = open_server.browser().get(AUDIT, **headers)
    assert (answer.status, answer["WWW-Authenticate"]) == (401, 'Bearer realm="tocsin"')


@pytest.mark.parametrize("headers", [{"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}], ids=str)
def test_a_page_of_somebody_else_reports_nothing(open_server: Served, headers: dict[str, str]) -> None:
    """Browsers let any page send forms to 127.0.0.1, and say who it was."""
    answer = report(open_server, **headers)
    assert (answer.status, "comes from another site" in answer.detail) == (403, True)


@pytest.mark.parametrize("somebody", ["key", "user"])
def test_it_closes_with_the_first_who_is_known(tmp_path: Path, somebody: str) -> None:
    """From then on nobody comes in without a key or login, and it does not open again when that one may no more."""
    with serving(tmp_path) as served:
        assert served.browser().get(AUDIT).status == 200
        if somebody == "key":
            create_key(served.engine, name="ci", scopes=[Scope.INGEST], environments=None, expires_at=None, by="ann")
            revoke_key(served.engine, "ci", by="ann")
        else:
            add_user(served.engine, "ann", role=Role.READ, password_hash="", by="ann")
            disable_user(served.engine, "ann", by="ann")
        wait_until(lambda: served.browser().get(AUDIT).status == 401, "the door to close")


def test_others_are_not_served_before_somebody_is_known(tmp_path: Path) -> None:
    """It refuses to start where other machines reach it, and says what to type; with a key it starts."""
    words = ("serve", "--port", "0", "--host", "0.0.0.0")  # noqa: S104  # what is refused
    with TypedProcess(*words, folder=tmp_path, env={"TOCSIN__HOME": str(tmp_path / "home")}) as process:
        assert process.end() == 1
    assert b"other machines reach 0.0.0.0, and there is neither a key nor a user yet" in process.err
    assert b"Type first: tocsin user add NAME --role admin" in process.err


def test_a_server_that_others_reach_lets_its_own_machine_in_no_more_than_them(tmp_path: Path) -> None:
    """Bound to all addresses, it asks everybody for a key."""
    with TypedProcess(
        *("key", "create", "--name", "ci", "--scope", "admin"),
        folder=tmp_path,
        env={"TOCSIN__HOME": str(tmp_path / "home")},
    ) as made:
        assert made.end() == 0
    key = made.out.decode().strip()
    with serving(tmp_path, "--host", "0.0.0.0") as served:  # noqa: S104  # what is tried
        browser = served.browser()
        browser.base = browser.base.replace("0.0.0.0", "127.0.0.1")  # noqa: S104  # see above
        assert browser.get(AUDIT).status == 401
        assert browser.get(AUDIT, Authorization=f"Bearer {key}").status == 200


def test_without_a_provider_its_libraries_are_not_loaded(tmp_path: Path) -> None:
    """Nobody pays for OpenID Connect who has none, in time or in attack surface."""
    program = """
import sys
from pathlib import Path
from tocsin.config.model import Config
from tocsin.engine.opening import open_engine
from tocsin.web.app import create_app
create_app(open_engine(Config(home=Path("home"), store="memory://")))
print(sorted({name.partition(".")[0] for name in sys.modules} & {"authlib", "httpx2", "joserfc", "itsdangerous"}))
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")
