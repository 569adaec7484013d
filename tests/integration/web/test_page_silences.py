"""The pages of silences: what is muted, what would be, and what is refused."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Protocol

import pytest
from fastapi.testclient import TestClient

from desk import Desk
from made import alert, at, run
from recorded_runs import HOSTILE
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.access import Action, Scope
from tocsin.core.finding import Topic, fingerprint
from tocsin.core.severity import Severity
from tocsin.core.silence import Silence, State
from tocsin.engine.api_keys import create_key
from tocsin.engine.opening import open_engine
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app

FORM = {"conditions": "pipeline=orders", "end": "2h", "start": "", "reason": "the warehouse is moved"}


class Shown(Protocol):
    """An answer of the browser."""

    @property
    def text(self) -> str:
        """The page."""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return an engine with three open alerts of two pipelines, and one about a pipeline with a hostile name."""
    made = Desk(tmp_path, MemoryStore(), "ops")
    made.now = at(10)
    with made.store.writing() as tx:
        tx.save_run(run("r1", pipeline="orders", environment="prod"))
        tx.save_run(run("r2", pipeline="quiet", environment="prod"))
        for name, subject, topic, severity in (
            ("a1", "orders", Topic.DELIVERY, Severity.ERROR),
            ("a2", "orders", Topic.VOLUME, Severity.WARNING),
            ("a3", "stock", Topic.DELIVERY, Severity.ERROR),
            ("a4", HOSTILE, Topic.DELIVERY, Severity.ERROR),
        ):
            about = fingerprint(topic, "prod", subject, "")
            tx.save_alert(
                alert(id=name, fingerprint=about, subject=subject, topic=topic, environment="prod", severity=severity)
            )
    return made


@pytest.fixture
def browser(desk: Desk) -> TestClient:
    """Return a browser on the machine of the server."""
    return client(desk)


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


def preview(answer: Shown) -> str:
    """Return what the preview says."""
    found = re.search(r'<section[^>]* id="preview".*?</section>', answer.text, re.DOTALL)
    assert found is not None
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def silences(desk: Desk) -> list[Silence]:
    """Return all silences, those that end last first."""
    with desk.store.reading() as tx:
        return list(tx.all_silences(limit=100))


def test_a_silence_is_kept_and_ended(desk: Desk, browser: TestClient) -> None:
    """The forms lead to the silence and back to the list; the audit trail tells who it was, and from where."""
    answer = browser.post("/silences/new", data=FORM)
    (made,) = silences(desk)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/silences/{made.id}?done=added")
    assert (made.author, made.reason, made.ends_at) == ("somebody", FORM["reason"], desk.now + timedelta(hours=2))
    shown = text(browser.get(answer.headers["location"]))
    assert "The silence is kept." in shown
    assert shown.count("orders failed") == 2
    listed = text(browser.get("/silences"))
    assert "1 silence active" in listed
    assert 'active pipeline="orders" the warehouse is moved somebody 2026-11-23 14:10 UTC 2 End now' in listed

    answer = browser.post(f"/silences/{made.id}/end")
    assert (answer.status_code, answer.headers["location"]) == (303, "/silences?done=ended")
    assert browser.post(f"/silences/{made.id}/end").headers["location"] == "/silences?done=over"
    listed = text(browser.get("/silences"))
    assert "Nothing is silenced" in listed
    assert 'expired pipeline="orders"' in listed
    with desk.store.reading() as tx:
        entries = tx.audit(subject=made.id)
    assert [(one.action, one.actor, one.origin) for one in entries] == [
        (Action.END_SILENCE, "somebody", "127.0.0.1"),
        (Action.SILENCE, "somebody", "127.0.0.1"),
    ]


def test_who_clicks_twice_adds_one_silence(desk: Desk, browser: TestClient) -> None:
    """The second request finds the silence of the first, although two hours from now are later then."""
    browser.post("/silences/new", data=FORM)
    desk.now += timedelta(seconds=2)
    again = browser.post("/silences/new", data=FORM)
    (made,) = silences(desk)
    assert again.headers["location"] == f"/silences/{made.id}?done=there"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"conditions": "pipeline=orders"}, "Mutes 2 open alerts in 1 pipeline"),
        ({"conditions": "pipeline=orders"}, "1 of 2 known pipelines: orders (prod)"),
        # Each condition is counted by itself, and all of them together.
        ({"conditions": "pipeline=orders\nseverity=error"}, 'pipeline="orders" fits 2 of 4 open alerts'),
        ({"conditions": "pipeline=orders\nseverity=error"}, 'severity="error" fits 3 of 4 open alerts'),
        ({"conditions": "pipeline=orders\nseverity=error"}, "Mutes 1 open alert in 1 pipeline"),
        ({"conditions": "pipeline=quiet"}, "Mutes no open alert; it would mute what comes"),
        # A slip of the pen is told before it costs a night.
        ({"conditions": "pipeline=ordres"}, "Nothing that is known fits: no open alert and no pipeline"),
        ({"conditions": 'pipeline=~".*"'}, 'Mute every alert pipeline=~".*" matches every alert.'),
        ({"conditions": "pipline=orders"}, "asks for the label 'pipline'; there are: pipeline,"),
        ({"conditions": "pipeline=orders", "end": "1d"}, "Ends 2026-11-24 12:10 UTC , after 1 d"),
        ({"conditions": "pipeline=orders", "end": "soon"}, "'soon' is no time; write for example"),
        ({"conditions": ""}, "Write a condition, and here stands what it would mute now."),
    ],
)
def test_the_preview_tells_what_is_typed(browser: TestClient, typed: dict[str, str], said: str) -> None:
    """It is the same page that a browser without a script gets for its Preview button."""
    answer = browser.get("/silences/new", params=typed)
    assert answer.status_code == 200
    assert said in preview(answer)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"conditions": " \n"}, 'Conditions : Write at least one, for example pipeline="orders"'),
        ({"conditions": "orders"}, "Conditions : 'orders' is not a condition; write for example"),
        ({"conditions": "\n".join(["pipeline=a"] * 21)}, "Conditions : Write 20 lines of 200 characters at most."),
        ({"end": "soon"}, "Ends : 'soon' is no time; write for example"),
        ({"end": "2020-01-01 09:00"}, "Ends : It would be over before it begins. Write a later time, for example"),
        ({"start": "tue 9:00", "end": "2026-11-24 08:00"}, "Ends : It would be over before it begins."),
        ({"start": "later"}, "Begins : 'later' is no time; write for example"),
        ({"reason": " "}, "Reason : Whoever asks why nobody was told reads it. Write for example"),
        ({"reason": "x" * 501}, "Reason : A reason has 500 characters at most; this one has 501."),
        ({"conditions": 'pipeline=~".*"'}, "Mute every alert : It would mute every alert. Say that this is meant"),
        # That everything is meant cannot be said of nothing.
        ({"conditions": "", "everything": "yes"}, "Conditions : Write at least one"),
    ],
)
def test_what_cannot_be_meant_is_said_by_the_field(
    desk: Desk, browser: TestClient, changed: dict[str, str], said: str
) -> None:
    """Nothing is kept, what was typed stands there still, and each field says what is wrong and what to type."""
    answer = browser.post("/silences/new", data=FORM | changed)
    assert answer.status_code == 422
    assert said in text(answer)
    assert silences(desk) == []
    if "reason" not in changed:
        assert 'value="the warehouse is moved"' in answer.text


def test_everything_is_muted_by_who_says_so(desk: Desk, browser: TestClient) -> None:
    """A condition that leaves nothing out is taken after the second question."""
    form = FORM | {"conditions": 'severity=~".*"', "everything": "yes"}
    assert browser.post("/silences/new", data=form).status_code == 303
    assert [one.state(desk.now) for one in silences(desk)] == [State.ACTIVE]


def test_a_silence_can_begin_later(desk: Desk, browser: TestClient) -> None:
    """A length counts from its begin, and until then it mutes nothing."""
    browser.post("/silences/new", data=FORM | {"start": "18:00"})
    (made,) = silences(desk)
    assert (made.starts_at, made.ends_at) == (at(6 * 60), at(8 * 60))
    listed = text(browser.get("/silences"))
    assert "1 pending" in listed
    assert "2026-11-23 18:00 UTC to 2026-11-23 20:00 UTC" in listed


def test_the_form_is_filled_in_from_an_alert_and_from_a_silence(desk: Desk, browser: TestClient) -> None:
    """Its conditions mute that alert, also where its name tries to be something else."""
    assert "Mutes 1 open alert in 1 pipeline" in preview(browser.get("/silences/new?alert=a2"))
    browser.post("/silences/new", data=FORM | {"conditions": 'pipeline="a \\"b\\""\ntopic=volume'})
    (made,) = silences(desk)
    again = browser.get(f"/silences/new?silence={made.id}")
    assert unescape(again.text).count('pipeline="a \\"b\\""\ntopic="volume"</textarea>') == 1
    assert 'value="the warehouse is moved"' in again.text
    given = browser.get("/silences/new", params={"matcher": ["pipeline=orders", "severity=error"]})
    assert "pipeline=orders\nseverity=error</textarea>" in given.text


def test_hostile_texts_are_text(desk: Desk, browser: TestClient) -> None:
    """Neither the name of a pipeline nor a reason becomes markup, or reorders what is read."""
    browser.post("/silences/new", data=FORM | {"conditions": 'pipeline=~".+"\nseverity=error', "reason": HOSTILE})
    (made,) = silences(desk)
    for path in ("/silences", f"/silences/{made.id}", "/silences/new?alert=a4", f"/silences/new?silence={made.id}"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert "<img" not in answer.text
        assert not {"\u202e", "\x1b"} & set(answer.text)
        assert "&lt;img src=x" in answer.text


def test_an_unknown_silence_is_answered_with_those_that_are(browser: TestClient) -> None:
    """A page says what was asked for, and leads on."""
    browser.post("/silences/new", data=FORM)
    answer = browser.get("/silences/3f2a")
    assert answer.status_code == 404
    assert "There is no silence '3f2a'" in text(answer)
    assert 'pipeline="orders": the warehouse is moved' in text(answer)
    assert browser.post("/silences/3f2a/end").status_code == 404
    assert browser.get("/silences/new?silence=3f2a").status_code == 404


def test_what_is_over_comes_in_pages(desk: Desk, browser: TestClient) -> None:
    """Each silence that is over is on one of the pages, the last one first."""
    with desk.store.writing() as tx:
        for number in range(45):
            tx.save_silence(
                Silence(
                    id=f"s{number:02}",
                    matchers=(),
                    starts_at=at(-99),
                    # Several end at one moment.
                    ends_at=at(-number // 2),
                    reason=f"reason {number:02}",
                    author="ann",
                    created_at=at(-99),
                )
            )
    seen: list[str] = []
    path: str | None = "/silences"
    while path:
        page = browser.get(path)
        seen += re.findall(r"reason (\d\d)", page.text)
        found = re.search(r'href="([^"]+)" rel="next"', page.text)
        path = unescape(found[1]) if found else None
    assert len(seen) == 45
    assert set(seen) == {f"{number:02}" for number in range(45)}


def test_maintenance_stands_beside_silences(tmp_path: Path) -> None:
    """Windows of the configuration are shown with the file in which they stand, and whether they are open."""
    entry = {"name": "backup", "match": ["environment=prod"], "when": ["mon 12:00-13:00"], "reason": "it is slow"}
    layer = Layer(origin="ops/tocsin.toml", values={"tocsin": {"maintenance": [entry]}}, secrets_allowed=False)
    desk = Desk(tmp_path, MemoryStore())
    desk.engine = open_engine(load([layer], home=tmp_path), store=desk.store, clock=lambda: desk.now)
    shown = text(client(desk).get("/silences"))
    assert 'backup it is slow ▲ open environment="prod" mon 12:00-13:00 2026-11-23 13:00 UTC ops/tocsin.toml' in shown


def test_an_empty_page_says_what_it_is_for(browser: TestClient) -> None:
    """There is a button, and what to type."""
    shown = browser.get("/silences")
    assert "Nothing is silenced" in text(shown)
    assert "tocsin silence add pipeline=orders --for 2h" in text(shown)
    assert 'href="/silences/new"' in shown.text


def test_who_may_only_read_is_shown_no_forms(desk: Desk) -> None:
    """A key that reads sees silences and can add and end none; nobody mutes an environment they do not see."""
    client(desk).post("/silences/new", data=FORM)
    (made,) = silences(desk)
    browser = client(desk)
    _, reads = create_key(desk.engine, name="reads", scopes=[Scope.READ], by="ann", environments=None, expires_at=None)
    reader = {"authorization": f"Bearer {reads}"}
    listed = browser.get("/silences", headers=reader)
    assert listed.status_code == 200
    assert "End now" not in listed.text
    assert browser.post("/silences/new", data=FORM, headers=reader).status_code == 403
    assert browser.post(f"/silences/{made.id}/end", headers=reader).status_code == 403
    _, acts = create_key(
        desk.engine, name="dev", scopes=[Scope.READ, Scope.ACT], by="ann", environments=["dev"], expires_at=None
    )
    actor = {"authorization": f"Bearer {acts}"}
    assert browser.post("/silences/new", data=FORM, headers=actor).status_code == 403
    assert browser.get("/silences/new", params=FORM, headers=actor).status_code == 403
    assert browser.post(f"/silences/{made.id}/end", headers=actor).status_code == 403
    assert "orders failed" not in text(browser.get(f"/silences/{made.id}", headers=actor))
    here = FORM | {"conditions": "pipeline=orders\nenvironment=dev"}
    assert browser.post("/silences/new", data=here, headers=actor).status_code == 303
