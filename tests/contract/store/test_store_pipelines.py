"""All pipelines at a glance, on every store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from made import NOON, alert, run
from tocsin.core.alert import Alert, State
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Kind, Topic, fingerprint
from tocsin.core.overview import Place, Show
from tocsin.core.run import Outcome, Run
from tocsin.core.schedule import Schedule
from tocsin.core.severity import Severity
from tocsin.store.protocol import Store

HOUR = timedelta(hours=1)


def save(store: Store, *facts: Run | Alert | Expectation) -> None:
    """Save facts in one transaction."""
    with store.writing() as tx:
        for fact in facts:
            if isinstance(fact, Run):
                tx.save_run(fact)
            elif isinstance(fact, Alert):
                tx.save_alert(fact)
            else:
                tx.save_expectations([fact])


def expected(pipeline: str, environment: str = "prod") -> Expectation:
    """Return that a pipeline should run every day."""
    return Expectation(
        pipeline=pipeline,
        environment=environment,
        schedule=Schedule(text="0 6 * * *", source="config.toml"),
        start_within=HOUR,
        anchor=NOON,
        computed_to=NOON,
    )


def problem(pipeline: str, severity: Severity = Severity.ERROR, *, item: str = "", **changes: object) -> Alert:
    """Return an open alert about a pipeline."""
    given = {"subject": pipeline, "environment": "prod", "severity": severity, "item": item, **changes}
    topic = Topic.VOLUME if item else Topic.DELIVERY
    name = fingerprint(topic, str(given["environment"]), pipeline, item)
    return alert(id=name, fingerprint=name, topic=topic, **given)


def test_the_newest_run_counts_in_whichever_order_they_come(store: Store) -> None:
    """A report that comes late, of a run that began earlier, does not take the place of a newer one."""
    save(store, run("new", started_at=NOON), run("old", started_at=NOON - HOUR))
    with store.reading() as tx:
        assert [one.id for one in tx.latest_runs()] == ["new"]


def test_of_runs_that_began_at_once_the_same_one_counts_always(store: Store) -> None:
    """Two runs that began in the same microsecond are told apart by their ids."""
    save(store, run("b"), run("a"))
    with store.reading() as tx:
        assert [one.id for one in tx.latest_runs()] == ["b"]


def test_the_newest_run_is_what_it_is_now(store: Store) -> None:
    """When the newest run ends, the outcome of its pipeline is that of its end."""
    save(store, run("r", outcome=Outcome.RUNNING, ended_at=None))
    with store.reading() as tx:
        assert tx.census().outcomes() == {Outcome.RUNNING: 1}
    save(store, run("r", outcome=Outcome.FAILED, ended_at=NOON + HOUR))
    with store.reading() as tx:
        assert tx.census().outcomes() == {Outcome.FAILED: 1}
        assert [one.outcome for one in tx.latest_runs()] == [Outcome.FAILED]


def test_latest_runs_come_in_pages(store: Store) -> None:
    """Pages that begin after the last pipeline of the one before tell each pipeline once."""
    names = [("a", "dev"), ("a", "prod"), ("a-b", "prod"), ("b\0", "prod"), ("c", "dev")]
    save(store, *(run(f"{name} {where}", pipeline=name, environment=where) for name, where in reversed(names)))
    found: list[tuple[str, str]] = []
    with store.reading() as tx:
        while page := tx.latest_runs(after=found[-1] if found else None, limit=2):
            found += [(one.pipeline, one.environment) for one in page]
    assert found == names


def test_what_is_worst_comes_first(store: Store) -> None:
    """Pipelines with an open alert come by its severity, then the others, each by name; problems of tables count."""
    save(store, *(run(name, pipeline=name, environment="prod") for name in "abcde"))
    save(store, problem("d", Severity.WARNING), problem("b"), problem("c", Severity.WARNING))
    save(store, problem("c", Severity.CRITICAL, item="t", kind=Kind.VOLUME, last_at=NOON + HOUR))
    save(store, problem("never ran", kind=Kind.NOT_STARTED), problem("e", state=State.RESOLVED))
    with store.reading() as tx:
        found = tx.worst_first(limit=9)
    assert [one.pipeline for one in found] == ["c", "b", "never ran", "d", "a", "e"]
    assert [one.place.severity for one in found] == [Severity.CRITICAL, *["error"] * 2, Severity.WARNING, None, None]
    assert [one.run.id if one.run else None for one in found] == ["c", "b", None, "d", "a", "e"]
    assert [each.kind for each in found[0].alerts] == [Kind.VOLUME, Kind.FAILED]


def test_what_is_expected_and_never_ran_is_there(store: Store) -> None:
    """A pipeline that is only expected stands among those without a problem, and is counted for itself."""
    save(store, run("r", pipeline="b", environment="prod"), problem("late"))
    save(store, *map(expected, ["a", "b", "late", "\0"]), expected("c", "dev"))
    with store.reading() as tx:
        found = tx.worst_first(limit=9)
        assert [(one.pipeline, one.run is not None) for one in found] == [
            ("late", False),
            *[("\0", False), ("a", False), ("b", True), ("c", False)],
        ]
        assert [one.expectation for one in found] == [
            expected("late"),
            *map(expected, ["\0", "a", "b"]),
            expected("c", "dev"),
        ]
        assert tx.worst_first(after=found[1].place, limit=1) == found[2:3]
        assert [one.pipeline for one in tx.worst_first(limit=9, environment="dev")] == ["c"]
        assert [one.pipeline for one in tx.worst_first(limit=9, search="A")] == ["late", "a"]
        assert [one.pipeline for one in tx.worst_first(limit=9, show=Show.PROBLEMS)] == ["late"]
        assert [one.pipeline for one in tx.worst_first(limit=9, show=Show.NO_PROBLEMS)] == ["\0", "a", "b", "c"]
        assert tx.worst_first(limit=9, show=Show.RUNNING) == []
        census = tx.census()
        assert (census.never_ran(), census.never_ran("prod"), census.total("prod")) == (4, 3, 4)


def test_the_environments_are_told_once(store: Store) -> None:
    """Environments are those of runs and of what is expected, in their order; an empty store has none."""
    with store.reading() as tx:
        assert tx.census().environments == []
    save(store, *(run(f"{name}{where}", pipeline=name, environment=where) for name in "ab" for where in ("prod", "Ä")))
    save(store, expected("a", "dev"))
    with store.reading() as tx:
        assert tx.census().environments == ["dev", "prod", "Ä"]


def test_the_overview_comes_in_pages(store: Store) -> None:
    """Pages that begin after the last place tell each pipeline once, also where a page ends among equals."""
    save(store, *(run(f"{name} {where}", pipeline=name, environment=where) for name in "abcd" for where in "xy"))
    save(store, *(problem(name, environment=where) for name in "cd" for where in "xy"))
    found: list[str] = []
    after: Place | None = None
    with store.reading() as tx:
        while page := tx.worst_first(after=after, limit=3):
            after = page[-1].place
            found += [f"{one.pipeline}{one.environment}" for one in page]
    assert found == ["cx", "cy", "dx", "dy", "ax", "ay", "bx", "by"]


def test_one_environment_is_shown_alone(store: Store) -> None:
    """Pipelines, their counts and open alerts of other environments are left out."""
    save(store, run("r", pipeline="a", environment="prod"), run("s", pipeline="a", environment="dev"))
    save(store, problem("a"), problem("a", environment="dev"))
    with store.reading() as tx:
        assert [one.environment for one in tx.worst_first(environment="dev", limit=9)] == ["dev"]
        assert sum(tx.census().outcomes("dev").values()) == 1
        assert tx.count_open_alerts(environment="dev") == {(Kind.FAILED, Severity.ERROR): 1}
        assert tx.count_open_alerts() == {(Kind.FAILED, Severity.ERROR): 2}


def test_a_broken_channel_is_no_pipeline(store: Store) -> None:
    """The alert about a channel is counted among the open ones, and makes no pipeline of its name look bad."""
    save(store, run("r", pipeline="ops", environment="prod"))
    save(store, problem("ops", kind=Kind.CHANNEL), problem("pager", kind=Kind.CHANNEL))
    with store.reading() as tx:
        assert [(one.pipeline, one.alerts) for one in tx.worst_first(limit=9)] == [("ops", ())]
        assert tx.count_open_alerts() == {(Kind.CHANNEL, Severity.ERROR): 2}


@pytest.mark.parametrize("name", ["\0", "\ud800", "o'brien; --", "Ä"])
def test_names_of_every_kind_are_shown_as_they_are(store: Store, name: str) -> None:
    """A pipeline whose name a database refuses has its own run and alerts, and is followed by the next page."""
    save(store, run("r", pipeline=name, environment="prod"), problem(name))
    with store.reading() as tx:
        first = tx.worst_first(limit=9)
        assert [(one.pipeline, len(one.alerts), one.run is not None) for one in first] == [(name, 1, True)]
        assert tx.worst_first(after=first[0].place, limit=9) == []


def test_the_newest_runs_of_many_pipelines_come_at_once(store: Store) -> None:
    """Of each pipeline and environment that is asked for so many of the newest attempts are returned, newest first."""
    save(
        store,
        *(run(f"a{number}", pipeline="a", environment="prod", started_at=NOON + number * HOUR) for number in range(4)),
        run("b", pipeline="b", environment="prod"),
        run("other", pipeline="a", environment="test"),
        run("not asked", pipeline="c", environment="prod"),
    )
    with store.reading() as tx:
        found = tx.recent_starts([("a", "prod"), ("b", "prod"), ("d", "prod")], each=3)
    assert {key: [one.started_at for one in starts] for key, starts in found.items()} == {
        ("a", "prod"): [NOON + 3 * HOUR, NOON + 2 * HOUR, NOON + HOUR],
        ("b", "prod"): [NOON],
    }


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"search": "RDER"}, ["order_lines", "Reorders", "orders"]),  # capital letters do not matter
        ({"search": "_"}, ["order_lines"]),  # what LIKE would take for a wildcard is a letter
        ({"search": "%"}, []),
        ({"show": Show.PROBLEMS}, ["order_lines"]),
        ({"show": Show.NO_PROBLEMS}, ["Reorders", "orders"]),
        ({"show": Show.RUNNING}, ["orders"]),
        ({"show": Show.PROBLEMS, "search": "orders"}, []),
    ],
)
def test_an_overview_shows_what_was_asked_for(store: Store, given: dict[str, Any], names: list[str]) -> None:
    """Pipelines are found by a part of their names, and by how they stand."""
    save(
        store,
        run("1", pipeline="order_lines", environment="prod"),
        run("2", pipeline="orders", environment="prod", outcome=Outcome.RUNNING, ended_at=None),
        run("3", pipeline="Reorders", environment="prod"),
        problem("order_lines"),
    )
    with store.reading() as tx:
        found = [one.pipeline for one in tx.worst_first(limit=10, **given)]
    assert found == names


def test_the_names_of_all_pipelines_are_told_once(store: Store) -> None:
    """A pipeline with several runs is named once for each environment, in the order of the names."""
    save(store, run("a", pipeline="stock", environment="prod"), run("b", pipeline="orders", environment="prod"))
    save(store, run("c", pipeline="orders", environment="dev"), run("d", pipeline="orders", environment="dev"))
    with store.reading() as tx:
        assert tx.pipeline_names() == [("orders", "dev"), ("orders", "prod"), ("stock", "prod")]
