"""`/runs/{id}` and the comparison of two runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from desk import Desk
from made import NOON, at, cause, good_run, run
from recorded_runs import HOSTILE
from reported import reported
from tocsin.core.access import Scope
from tocsin.core.check import Check, CheckHistory, CheckResult
from tocsin.core.run import Context, FailedJob, Link, Outcome, Progress, Run, Stage, Step, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange
from tocsin.engine.api_keys import create_key
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app

ENDLESS = "x" * 1_000_000


@pytest.fixture
def house(tmp_path: Path) -> Desk:
    """Return an engine that tells a file."""
    return Desk(tmp_path, MemoryStore(), "ops")


@pytest.fixture
def browser(house: Desk) -> Iterator[TestClient]:
    """Return a browser on the machine of the server."""
    with TestClient(create_app(house.engine), base_url="http://127.0.0.1", headers={"Accept": "text/html"}) as client:
        yield client


def save(house: Desk, *runs: Run) -> None:
    """Save runs as they are."""
    with house.store.writing() as tx:
        for one in runs:
            tx.save_run(one)


def shown(browser: TestClient, path: str) -> str:
    """Return a page in one line, without its marks of markup where they only break words."""
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(answer.text.split())


def test_what_broke_comes_first(house: Desk, browser: TestClient) -> None:
    """The page begins with the error, what to do, and who was told how often; the traceback is one click away."""
    house.report(run("first", ended=1), run("second", ended=60, cause=cause(message="503\nupstream is away")))
    text = shown(browser, "/runs/second")
    assert text.index("upstream is away") < text.index("Where the time went")
    for said in (
        "requests.exceptions.HTTPError",
        "run the pipeline again later",
        "server error, may go away by itself",
        "HTTPError ← ResourceExtractionError ← PipelineStepFailed",
        "failed, 2nd time in a row",
        "Told: ops",
        f'href="/alerts/{house.open_or_last().id}"',
        f'action="/alerts/{house.open_or_last().id}/acknowledge"',
    ):
        assert said in text
    assert "<details id=" in text
    assert 'data-copy="traceback"' in text
    # An alert names its last run. The first one has shown it too.
    assert f'href="/alerts/{house.open_or_last().id}"' in shown(browser, "/runs/first")


def test_a_run_that_was_killed_says_what_ended_it(house: Desk, browser: TestClient) -> None:
    """There is no exception then."""
    save(house, run("killed", outcome=Outcome.DIED, cause=None, ended_by="SIGKILL", stage=Stage.LOAD))
    assert "Ended by SIGKILL" in shown(browser, "/runs/killed")


def test_a_run_leads_to_its_attempts_and_neighbours(house: Desk, browser: TestClient) -> None:
    """The attempts of one logical run, the runs before and after it, and the last good one to compare it with."""
    save(
        house,
        good_run("good", ended=1),
        run("one", ended=10, logical_id="l", max_attempts=3),
        run("two", ended=20, logical_id="l", attempt=2, max_attempts=3),
        good_run("later", ended=40),
    )
    text = shown(browser, "/runs/two")
    assert "attempt 2 of 3" in text
    assert '<a href="/runs/one">Attempt 1</a>' in text
    assert '<a rel="prev" href="/runs/one">' in text
    assert '<a rel="next" href="/runs/later">' in text
    assert '<a href="/runs/two/compare">' in text
    assert "compare" not in shown(browser, "/runs/good")


def test_rows_stand_beside_the_last_good_run_and_what_was_expected(tmp_path: Path) -> None:
    """What is furthest off comes first."""
    house = Desk(tmp_path, reported(tmp_path))
    house.now = NOON
    with TestClient(create_app(house.engine), base_url="http://127.0.0.1") as browser:
        text = shown(browser, "/runs/11230600-orders")
    assert "took <strong>7 min 9 s</strong>, usually 5 to 11 min" in text
    [row] = [row for row in text.split("<tr") if "<span>orders " in row]
    for cell in ("unusual", ">1,274<", ">7,181<", ">-82 %<", ">8,700 to 15,900<"):
        assert cell in row
    assert text.index("<span>orders ") < text.index("<span>refunds")


def test_a_run_that_stands_still_shows_where(house: Desk, browser: TestClient) -> None:
    """Since when nothing has moved, and the lines of the user's code; the page looks for news more often."""
    house.now = at(30)
    progress = Progress(
        moved_at=at(10), stage=Stage.LOAD, subject="orders", done=3, total=8, stack=("jobs.py:8 in run",)
    )
    steps = (Step(stage=Stage.LOAD, started_at=at(5)),)
    going = run("going", ended_at=None, outcome=Outcome.RUNNING, cause=None, started_at=at(0), heartbeat_at=at(29))
    save(house, replace(going, progress=progress, steps=steps))
    text = shown(browser, "/runs/going")
    assert "Nothing has moved for 19 min, in load of orders, 3 of 8 done" in text
    assert "jobs.py:8 in run" in text
    assert "runs for <strong>30 min</strong>" in text
    assert "data-running" in text


def test_everything_else_that_is_known_is_there(house: Desk, browser: TestClient) -> None:
    """Failed jobs, pending packages, columns that came and went, the data's checks, versions, and links to click."""
    context = Context(
        orchestrator="airflow",
        links=(Link(label="Task log", url="https://airflow.test/log"), Link(label="odd", url="javascript:alert(1)")),
        names={"dag_id": "shop"},
        versions={"dlt": "1.31.0"},
    )
    columns = (ColumnChange(name="price", data_type="text", before="bigint"), ColumnChange(name="old", before="text"))
    save(
        house,
        run(
            "full",
            outcome=Outcome.PARTIAL,
            failed_jobs=(FailedJob(job="orders.parquet", table="orders", message="disk full"),),
            pending_packages=("1732.1",),
            schema_changes=(SchemaChange(table="orders", columns=columns),),
            context=context,
        ),
    )
    check = Check(name="has_customer", pipeline="orders", question="each order has a customer", table="orders")
    result = CheckResult(check=check, environment="default", at=at(1), failing=3, checked=9, run_id="full")
    with house.store.writing() as tx:
        tx.save_check_history(
            CheckHistory(pipeline="orders", environment="default", check=check.name, results=(result,))
        )
    text = shown(browser, "/runs/full")
    for said in (
        "disk full",
        "the next run loads only that",
        '<span class="removed">- column old text</span>',
        "~ column price bigint → text",
        "each order has a customer",
        "3 of 9 rows fail",
        "<dt>dlt version</dt><dd>1.31.0</dd>",
        '<a href="https://airflow.test/log"',
        "<code>javascript:alert(1)</code>",
        'href="/api/v1/runs/full"',
    ):
        assert said in text


def test_only_the_log_of_the_run_itself_is_read(house: Desk, browser: TestClient, tmp_path: Path) -> None:
    """Whoever reports names the file, and could name one of the server's own, directly or through a link."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "own.log").write_text("what was logged \x1b[31mlast\n")
    secret = tmp_path / "secrets.toml"
    secret.write_text("password")
    (logs / "linked.log").symlink_to(secret)
    for run_id, path in (("own", logs / "own.log"), ("linked", logs / "linked.log"), ("away", secret)):
        save(house, run(run_id, context=Context(log_path=str(path), host="etl-1")))
    save(house, run("another", context=Context(log_path=str(logs / "own.log"))))
    save(house, run("nul", context=Context(log_path="a\0b", log_tail="what was sent")))
    assert "what was logged last" in shown(browser, "/runs/own")
    for run_id in ("linked", "away"):
        text = shown(browser, f"/runs/{run_id}")
        assert "password" not in text
        assert "It is on etl-1" in text
    assert "what was logged" not in shown(browser, "/runs/another")
    assert "as the pipeline has sent it: 1 line." in shown(browser, "/runs/nul")


def test_whatever_a_pipeline_says_the_page_is_small_and_shows_it_as_text(house: Desk, browser: TestClient) -> None:
    """Markup is text, what hides text is gone, and what is cut says so; the JSON has the whole."""
    long = HOSTILE + ENDLESS
    many = range(300)
    save(
        house,
        run(
            "hostile",
            pipeline=HOSTILE,
            cause=cause(exception=HOSTILE, message=long, hint=long, table=long, traceback=long, chain=(long, HOSTILE)),
            tables=tuple(TableLoad(table=f"{number}{HOSTILE}", rows=number) for number in many),
            failed_jobs=tuple(FailedJob(job=HOSTILE, table=HOSTILE, message=long[:9999]) for _ in many),
            schema_changes=(SchemaChange(table=long, columns=(ColumnChange(name=long, data_type=HOSTILE),)),),
            steps=tuple(Step(stage=Stage.EXTRACT, started_at=at(0), ended_at=at(1)) for _ in many),
            pending_packages=(long,),
            note=long,
            context=Context(
                host=long, command=long, names={long: long}, log_tail=long, links=(Link(label=long, url="x"),)
            ),
        ),
        good_run("hostile0", pipeline=HOSTILE, ended=-9, tables=(TableLoad(table=HOSTILE, rows=1),)),
    )
    for path in ("/runs/hostile", "/runs/hostile/compare"):
        text = shown(browser, path)
        assert len(text) < 200_000
        assert "<img" not in text
        assert "\u202e" not in text
        assert "\x1b" not in text
        assert "characters left out" in text
    assert "+260 more jobs" in shown(browser, "/runs/hostile")
    assert ENDLESS in browser.get("/api/v1/runs/hostile").text


def test_an_id_that_is_not_there_leads_to_near_ones(house: Desk, browser: TestClient) -> None:
    """The beginning that messages tell leads to its run; what has a wrong end lists those that begin alike."""
    save(house, run("0123456789ab"), run("0123456777cd"))
    found = browser.get("/runs/01234567", follow_redirects=False)
    assert found.status_code == 404
    assert found.text.count('<a href="/runs/0123456') == 2
    exact = browser.get("/runs/012345678", follow_redirects=False)
    assert (exact.status_code, exact.headers["location"]) == (303, "/runs/0123456789ab")
    wrong = browser.get("/runs/012345678zz", follow_redirects=False)
    assert (wrong.status_code, 'href="/runs/0123456789ab"' in wrong.text) == (404, True)
    assert browser.get("/runs/nothing").status_code == 404


def test_a_key_for_another_environment_sees_nothing(house: Desk, browser: TestClient) -> None:
    """Neither the run nor that there is one that begins so."""
    save(house, run("0123456789ab", environment="prod"))
    _, text = create_key(house.engine, name="dev", scopes=[Scope.READ], environments=["dev"], expires_at=None, by="ann")
    for path in ("/runs/0123456789ab", "/runs/01234567", "/runs/0123456789ab/compare"):
        answer = browser.get(path, headers={"Authorization": f"Bearer {text}"}, follow_redirects=False)
        assert answer.status_code == 404
        assert "orders" not in answer.text


def test_two_runs_are_compared_by_what_differs(house: Desk, browser: TestClient) -> None:
    """By default with the last good run: what both tell differently comes before what one of them alone tells."""
    context = Context(host="etl-1", command="python -m shop", versions={"dlt": "1.30.0"})
    save(
        house,
        good_run("good", ended=1, context=context, tables=(TableLoad(table="orders", rows=100),)),
        run("between", ended=4),
        run(
            "bad",
            ended=10,
            started_at=at(7),
            context=replace(context, versions={"dlt": "1.31.0"}, orchestrator="airflow"),
            tables=(TableLoad(table="orders", rows=10),),
        ),
    )
    text = shown(browser, "/runs/bad/compare")
    differs, _, rest = text.partition(">Steps<")
    assert differs.index(">dlt version<") < differs.index(">Orchestrator<")
    assert "1.30.0" in differs
    assert "etl-1" not in differs
    assert "-90 %" in rest
    assert "+2 min" in rest
    assert "<dt>Host</dt><dd>etl-1</dd>" in rest
    assert 'href="/runs/bad/compare?with=between"' in text
    assert 'href="/runs/between"' in shown(browser, "/runs/bad/compare?with=between")
    assert browser.get("/runs/bad/compare?with=nothing").status_code == 404


def test_a_run_without_a_good_one_before_says_so(house: Desk, browser: TestClient) -> None:
    """It can be compared with another one instead."""
    save(house, run("one", ended=1), run("two", ended=2))
    answer = browser.get("/runs/two/compare")
    assert answer.status_code == 404
    assert "went well" in answer.text
    assert 'href="/runs/two/compare?with=one"' in answer.text
