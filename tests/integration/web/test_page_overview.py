"""The overview: whether all is well, what is worst, and where the rest is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from desk import Desk
from made import NOON, alert, good_run, run
from recorded_runs import HOSTILE
from tocsin.channels.formats.literal import clean
from tocsin.core.access import Scope
from tocsin.core.alert import Alert, State
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Kind, Topic, Trait, fingerprint
from tocsin.core.run import Outcome, Run
from tocsin.core.schedule import Schedule
from tocsin.core.severity import Severity
from tocsin.engine.api_keys import create_key
from tocsin.store.memory import MemoryStore
from tocsin.store.protocol import Store
from tocsin.store.sqlite import SqliteStore
from tocsin.web.app import create_app

DAY = timedelta(days=1)


@pytest.fixture
def house(tmp_path: Path) -> Desk:
    """Return an engine with one channel, whose store is empty."""
    return Desk(tmp_path, MemoryStore(), "ops")


def browser_of(house: Desk, **headers: str) -> TestClient:
    """Return a browser on the machine of a server; what it shows besides stands in `headers`."""
    return TestClient(
        create_app(house.engine),
        base_url="http://127.0.0.1:8765",
        client=("127.0.0.1", 50000),
        headers={"accept": "text/html", "sec-fetch-site": "same-origin", **headers},
    )


def keep(store: Store, *facts: Run | Alert | Expectation) -> None:
    """Save facts in one transaction."""
    with store.writing() as tx:
        for fact in facts:
            if isinstance(fact, Run):
                tx.save_run(fact)
            elif isinstance(fact, Alert):
                tx.save_alert(fact)
            else:
                tx.save_expectations([fact])


def ran(pipeline: str, environment: str = "default", *, outcome: Outcome = Outcome.SUCCEEDED) -> Run:
    """Return a run of a pipeline."""
    made = run(f"{pipeline} {environment}", pipeline=pipeline, environment=environment, outcome=outcome)
    return replace(made, ended_at=None) if outcome is Outcome.RUNNING else made


def problem(pipeline: str, severity: Severity = Severity.ERROR, **changes: object) -> Alert:
    """Return an open alert about a pipeline."""
    name = f"{pipeline} is ill"
    return alert(id=name, fingerprint=name, **{"subject": pipeline, "severity": severity, **changes})


def expected(pipeline: str, *, computed_to: timedelta = timedelta()) -> Expectation:
    """Return that a pipeline should run every morning, looked at up to some time after yesterday noon."""
    return Expectation(
        pipeline=pipeline,
        environment="default",
        schedule=Schedule(text="0 6 * * *", source="config.toml"),
        start_within=timedelta(minutes=15),
        anchor=NOON - DAY,
        computed_to=NOON - DAY + computed_to,
        next_slot_at=NOON + timedelta(hours=18),
    )


def page(house: Desk, path: str = "/", **headers: str) -> str:
    """Return the page at an address."""
    answer = browser_of(house, **headers).get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def text(markup: str) -> str:
    """Return what a person reads."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", markup).split()))


def rows(markup: str) -> list[str]:
    """Return the names of the pipelines in the table, in their order."""
    return [unescape(name) for name in re.findall(r'class="rowlink" data-open href="[^"]*">([^<]*)<', markup)]


def cards(markup: str) -> list[str]:
    """Return the titles of the cards, in their order."""
    return [text(title) for title in re.findall(r'<p class="title">(.*?)</p>', markup, re.DOTALL)]


def test_what_is_worst_comes_first(house: Desk) -> None:
    """Title, cards and table begin with what matters most; what somebody takes care of comes last on the cards."""
    keep(house.store, *(ran(name) for name in ("ads", "stock", "orders", "shop")))
    keep(house.store, problem("stock", Severity.WARNING), problem("orders", Severity.CRITICAL))
    keep(house.store, problem("shop", state=State.ACKNOWLEDGED, acknowledged_by="ann", acknowledged_at=NOON))
    shown = page(house)
    assert "<title>3 problems in 4 pipelines · Tocsin</title>" in shown
    assert "favicon-bad.svg" in shown
    assert rows(shown) == ["orders", "shop", "stock", "ads"]
    assert [title.split()[1] for title in cards(shown)] == ["orders", "stock", "shop"]
    assert "Acknowledged by ann." in text(shown)


def test_all_is_well(house: Desk) -> None:
    """Where nothing is wrong the page says so, of how many pipelines, and shows no cards."""
    keep(house.store, ran("ads"), ran("shop"))
    shown = page(house)
    assert "No problem in 2 pipelines" in text(shown)
    assert "Needs attention" not in shown
    assert "favicon-good.svg" in shown


def test_an_empty_store_says_what_to_do_and_shows_the_first_run_by_itself(house: Desk) -> None:
    """Until something has run the page says how to begin, and looks for news as often as while something runs."""
    shown = page(house)
    assert "No run has been seen yet" in text(shown)
    assert "pip install dlt-tocsin" in shown
    assert "data-running" in shown
    keep(house.store, ran("orders"))
    shown = page(house)
    assert rows(shown) == ["orders"]
    assert "data-running" not in shown


def test_pages_of_pipelines_follow_one_another(house: Desk) -> None:
    """The link at the end leads to the pipelines after these, with the filter; cards stand where nothing was chosen."""
    names = [f"shop{number:02}" for number in range(53)]
    keep(house.store, *map(ran, [*names, "other"]), problem("shop52"))
    first = page(house, "/?q=SHOP&environment=default")
    assert "50 of 54 pipelines" in text(first)
    link = re.search(r'href="([^"]*)" rel="next"', first)
    assert link is not None
    rest = page(house, unescape(link[1]))
    assert rows(first) + rows(rest) == ["shop52", *names[:-1]]
    assert "Needs attention" not in rest
    assert 'value="SHOP"' in rest


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("?show=problems", ["ill"]),
        ("?show=no+problems", ["going", "well"]),
        ("?show=running", ["going"]),
        ("?show=nonsense", ["ill", "going", "well"]),  # a link that somebody has mistyped shows all
        ("?q=el", ["well"]),
        ("?environment=elsewhere", []),
    ],
)
def test_the_address_chooses(house: Desk, chosen: str, names: list[str]) -> None:
    """What was chosen stands in the address, and what refreshes the page asks for the same."""
    keep(house.store, ran("well"), ran("ill"), ran("going", outcome=Outcome.RUNNING), problem("ill"))
    shown = page(house, f"/{chosen}")
    assert rows(shown) == names
    kept = "" if "nonsense" in chosen else chosen
    assert f'hx-get="/{kept}"' in shown


def test_nothing_fits(house: Desk) -> None:
    """A search that finds nothing says so, and how many pipelines there are."""
    keep(house.store, ran("ads"), ran("shop"))
    assert "Take the filter away to see 2 pipelines." in text(page(house, "/?q=orders"))


def test_what_is_expected_and_never_ran_is_there(house: Desk) -> None:
    """A pipeline that has never run stands in the list, with when it should have and when it will be due."""
    keep(house.store, ran("ads"), expected("new"), expected("slow", computed_to=timedelta(hours=18)))
    shown = page(house)
    assert rows(shown) == ["ads", "new", "slow"]
    assert "1 succeeded, 2 never ran" in text(shown).replace(" ,", ",")
    assert text(shown).count("never, was due") == 1
    assert f"{NOON + timedelta(hours=18):%Y-%m-%d} 06:00 UTC" in text(shown)


def test_a_storm_is_one_card(house: Desk) -> None:
    """Many pipelines that failed for one cause fill one card; another cause has its own, and all that is about data."""
    cause = {Trait.CAUSE.value: "OperationalError: no route to host"}
    keep(house.store, *(problem(f"p{number:02}", traits=cause) for number in range(30)))
    keep(house.store, problem("other", traits={Trait.CAUSE.value: "KeyError: 'id'"}))
    keep(house.store, *(problem(f"exit{number}", reason_key=f"exit {number}") for number in range(3)))
    keep(house.store, *(problem(f"q{number}", topic=Topic.VOLUME, kind=Kind.VOLUME, item="t") for number in range(3)))
    shown = page(house)
    titles = cards(shown)
    assert len(titles) == 8
    assert sum("and 29 others: failed" in title for title in titles) == 1
    assert "and 21 more" in text(shown)
    assert shown.count('data-act="acknowledge"') == 7


def test_problems_that_have_no_card_are_counted(house: Desk) -> None:
    """Beyond a dozen cards a link leads to all problems, of the environment that was chosen."""
    keep(house.store, *(problem(f"p{number}", traits={"cause": str(number)}) for number in range(15)))
    assert '<a href="/alerts">+3 more problems</a>' in page(house)
    assert '<a href="/alerts?environment=default">+3 more problems</a>' in page(house, "/?environment=default")


def test_trouble_of_a_channel_concerns_all(house: Desk) -> None:
    """A broken channel is told of in every environment, and makes no pipeline look bad."""
    name = fingerprint(Topic.CHANNEL, "", "ops", "")
    broken = {"topic": Topic.CHANNEL, "kind": Kind.CHANNEL, "subject": "ops", "environment": "", "fingerprint": name}
    keep(house.store, ran("ops", "prod"), alert(id="broken", **broken))
    for path in ("/", "/?environment=prod"):
        shown = page(house, path)
        assert "1 problem in 1 pipeline" in text(shown)
        assert len(cards(shown)) == 1
        assert "✓ succeeded" in text(shown)


def test_environments_can_be_chosen_where_there_are_several(house: Desk) -> None:
    """With one environment there is no choice; with two there is, and the one that was chosen is marked."""
    keep(house.store, ran("orders", "prod"))
    assert '<select id="environment"' not in page(house)
    keep(house.store, ran("orders", "dev"))
    assert rows(page(house)) == ["orders (dev)", "orders (prod)"]
    shown = page(house, "/?environment=dev")
    assert rows(shown) == ["orders (dev)"]
    assert '<option value="dev" selected>dev</option>' in shown
    # From an environment that has nothing a way leads back.
    assert '<select id="environment"' in page(house, "/?environment=gone")


def test_a_key_for_an_environment_sees_that_one_only(house: Desk) -> None:
    """Neither names nor numbers of other environments are told, and asking for one is refused."""
    keep(house.store, ran("mine", "dev"), ran("secret", "prod"), problem("secret", environment="prod"))
    _, token = create_key(
        house.engine, name="team", scopes=[Scope.READ], environments=["dev"], expires_at=None, by="ann"
    )
    key = {"authorization": f"Bearer {token}"}
    shown = page(house, **key)
    assert rows(shown) == ["mine (dev)"]
    assert "No problem in 1 pipeline" in text(shown)
    assert "secret" not in shown
    assert "prod" not in shown
    assert browser_of(house, **key).get("/?environment=prod").status_code == 403


def test_names_stay_texts(house: Desk) -> None:
    """What names and summaries hold is shown and never markup, and turns no text around."""
    turning = "invoice\u202egnp.exe"
    keep(house.store, ran(HOSTILE), ran(turning), expected(HOSTILE * 2))
    keep(house.store, problem(HOSTILE, summary=HOSTILE, hint=HOSTILE, item=HOSTILE))
    shown = page(house, "/?q=%3Cimg")
    assert rows(shown) == [clean(HOSTILE), clean(HOSTILE * 2)]
    assert 'value="&lt;img"' in shown
    whole = page(house)
    assert "<img" not in whole
    assert "&lt;img" in whole
    assert "\u202e" not in whole


def test_an_act_leads_back_to_where_it_was_asked_for(house: Desk) -> None:
    """Who acknowledges on the overview comes back to it, with what they had chosen and a word on what was done."""
    keep(house.store, ran("orders"), problem("orders"))
    browser = browser_of(house)
    form = browser.get("/?environment=default").text
    action, to = re.findall(r'action="(/alerts/[^"]*)">\s*<input type="hidden" name="to" value="([^"]*)"', form)[0]
    answer = browser.post(action, data={"to": unescape(to)}, follow_redirects=True)
    assert str(answer.url).endswith("/?environment=default&done=acknowledged")
    assert "Acknowledged. Repeats stop" in text(answer.text)
    assert 'hx-get="/?environment=default"' in answer.text


def test_pages_are_packed_and_the_api_is_not(house: Desk) -> None:
    """A browser that can unpack is given pages packed; answers of the API go out as they are."""
    keep(house.store, *map(ran, "abc"))
    browser = browser_of(house)
    answer = browser.get("/")
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert "content-encoding" not in browser.get("/", headers={"accept-encoding": "identity"}).headers
    assert "content-encoding" not in browser.get("/api/v1/pipelines").headers


def test_the_number_of_statements_does_not_follow_the_number_of_pipelines(tmp_path: Path) -> None:
    """Five pipelines and fifty, each with a run and an alert, are asked for alike."""
    store = SqliteStore(tmp_path / "t.db")
    house = Desk(tmp_path, store, "ops")
    browser = browser_of(house)
    asked: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda _c, _k, statement, *_: asked.append(statement))
    numbers = []
    for number in (5, 50):
        names = [f"p{each}" for each in range(number)]
        keep(store, *(good_run(name, pipeline=name) for name in names), *map(problem, names), *map(expected, names))
        browser.get("/")
        asked.clear()
        assert len(rows(browser.get("/").text)) == number
        numbers.append(len(asked))
    store.close()
    assert numbers[0] == numbers[1]
