"""What results of checks mean, how much they matter, and how they are said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from check_samples import CHECKS, NOW, check, result
from tocsin.core.check import KEPT, CheckHistory, CheckResult, Threshold, parse_threshold, severity_of
from tocsin.core.check_words import failure_of, question_of, success_of, trend_of
from tocsin.core.finding import Kind, Topic
from tocsin.core.rules.checks import judge_check
from tocsin.core.severity import Severity


def _severity(failing: int, checked: int | None = 1000, **settings: Any) -> str | None:
    given = {
        key: parse_threshold(value) if key.endswith("_over") else Severity(value) for key, value in settings.items()
    }
    severity = severity_of(result(check=check(**given), failing=failing, checked=checked))
    return severity.value if severity is not None else None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (_severity(0), None),
        (_severity(1), "warning"),
        (_severity(10), "warning"),  # one percent is not over one percent
        (_severity(11), "error"),
        (_severity(11, checked=None), "warning"),  # nobody knows what it is a share of
        (_severity(0, checked=0), None),  # an empty table
        (_severity(5, warn_over="5"), None),
        (_severity(6, warn_over="5"), "warning"),
        (_severity(6, warn_over="0.5%"), "warning"),
        (_severity(5, warn_over="0.5%"), None),
        (_severity(999, severity="warning"), "warning"),  # a severity of its own knows no default threshold
        (_severity(1, severity="critical"), "critical"),
        (_severity(3, severity="warning", error_over="2"), "error"),
        (_severity(3, severity="critical", error_over="2"), "critical"),  # no threshold makes it matter less
        (_severity(1, error_over="0"), "error"),
        (_severity(1, error_over="100%"), "warning"),
    ],
)
def test_severity_follows_the_thresholds(found: str | None, expected: str | None) -> None:
    """A warning over none and an error over one percent, unless the check says otherwise."""
    assert found == expected


def test_a_table_that_fails_as_a_whole_is_an_error() -> None:
    """Where one answer is all there is, its failure is more than one percent."""
    assert severity_of(result(check=CHECKS["row_count"], failing=1, checked=20_000)) is Severity.ERROR
    assert severity_of(result(check=CHECKS["freshness"], failing=0, checked=20_000)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (0, Threshold(count=0)),
        ("25", Threshold(count=25)),
        ("1%", Threshold(percent=1)),
        ("0.5 %", Threshold(percent=0.5)),
        ("100%", Threshold(percent=100)),
    ],
)
def test_thresholds_are_numbers_or_shares(text: object, expected: Threshold) -> None:
    """A share has a percent sign."""
    assert parse_threshold(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1.5", "101%", "one", "%", "1e3%", True, "nan%"])
def test_what_is_no_threshold_is_refused(text: object) -> None:
    """The error says what is expected."""
    with pytest.raises(ValueError, match='expected a number of failures, 0 or more, or a share such as "1%"'):
        parse_threshold(text)


_WORDS = {
    "not_null": "customer_id of calls is never empty",
    "not_null_of_two": "customer_id and agent of calls are never empty",
    "unique": "id of calls is unique",
    "unique_together": "customer_id and agent of calls are unique together",
    "accepted_numbers": "id of calls is one of 1, 2",
    "relationship": "each customer_id of calls is found in customers.id",
    "row_count": "calls has at least 100 rows",
    "row_count_met": "calls has between 1 and 100 rows",
    "range": "minutes of calls is between 1 and 9.5",
    "freshness": "the newest called_at of calls is at most 2 h old",
    "expression": "minutes >= 5 AND minutes < 9 for each row of calls",
    "sql": "sql",
}


@pytest.mark.parametrize("name", _WORDS)
def test_every_kind_is_asked_in_words(name: str) -> None:
    """Without words of the user's, the kind says what has to be true."""
    assert question_of(CHECKS[name]) == _WORDS[name]


def test_words_of_the_user_go_first() -> None:
    """A question is told as it is written, and the name of a query stands for one."""
    assert question_of(check(question="every call belongs to somebody")) == "every call belongs to somebody"
    assert question_of(replace(CHECKS["sql"], name="every_call_has_a_customer")) == "every call has a customer"


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (result(), "4 of 20 rows fail (20 %)"),
        (result(failing=1), "1 of 20 rows fails (5 %)"),
        (result(failing=1, checked=12_204), "1 of 12,204 rows fails (less than 0.1 %)"),
        (result(failing=2, checked=None), "2 rows fail"),
        (result(check=CHECKS["unique"], failing=3), "3 values more than once among 20 rows"),
        (
            result(check=CHECKS["row_count"], failing=1, columns=("row_count",), rows=(("3",),)),
            "row count is 3",
        ),
    ],
)
def test_failures_are_counted_in_words(one: CheckResult, expected: str) -> None:
    """How many of how many, as far as that is known."""
    assert failure_of(one) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (result(failing=0), "no row of 20 fails"),
        (result(failing=0, checked=None), "no row fails"),
        (result(failing=4, check=check(warn_over=Threshold(count=5))), "4 of 20 rows fail (20 %), which is allowed"),
    ],
)
def test_the_end_is_said_in_words(one: CheckResult, expected: str) -> None:
    """A problem is over when no row fails, or few enough."""
    assert success_of(one) == expected


def test_the_trend_tells_the_last_results() -> None:
    """Oldest first, and none that could not be run."""
    earlier = [result(failing=number) for number in (12, None, 3, 0, 7, 8, 9)]

    assert trend_of(result(failing=1204), earlier) == "7, 0, 3, 12, now 1,204"
    assert trend_of(result(), []) == ""
    assert trend_of(result(failing=None), earlier) == ""


def test_a_failure_goes_to_the_owner_of_the_check() -> None:
    """The finding is about the check, and routes can ask for its owner and table."""
    found = judge_check(result(check=check(owner="customer-support")), ())

    assert (found.kind, found.topic, found.subject, found.item) == (Kind.CHECK, Topic.CHECK, "support", "has_customer")
    assert found.traits == {"owner": "customer-support", "table": "calls"}
    assert found.code == {"Failing rows": "", "Query": "SELECT *\nFROM calls"}


def test_a_check_that_cannot_be_run_is_told_as_that() -> None:
    """It says nothing about the data, and that is an error whatever the check's own severity."""
    error = "DatabaseError: no such column\nLINE 1: …"
    found = judge_check(result(check=check(severity=Severity.INFO), failing=None, error=error), ())

    assert (found.kind, found.severity) == (Kind.CHECK_ERROR, Severity.ERROR)
    assert found.summary == "could not be run: DatabaseError: no such column"
    assert found.evidence == {"Written in": ".dlt/config.toml", "Error": error}


def test_a_check_that_passes_ends_its_problem() -> None:
    """No rows and no query are kept of what is right."""
    found = judge_check(result(failing=0), ())

    assert (found.kind, found.summary, found.code) == (Kind.RECOVERED, "no row of 20 fails", {})


def test_a_history_keeps_the_newest_without_rows() -> None:
    """Results find their place whatever the order in which they come, and old ones are dropped."""
    history = CheckHistory(pipeline="support", environment="default", check="has_customer")
    for day in (2, 1, 3, *range(4, 4 + KEPT)):
        history = history.add(result(at=NOW + timedelta(days=day), columns=("id",), rows=(("1",),)))

    days = [(one.at - NOW).days for one in history.results]
    assert days == list(range(3 + KEPT, 3, -1))
    assert {(one.columns, one.rows, one.sql) for one in history.results} == {((), (), "")}
    assert len(history.before(NOW + timedelta(days=6))) == 2
