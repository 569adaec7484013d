"""The words of a cause: message, URL, location, traceback, hint, title and reason."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tocsin.core.cause import Cause, CauseClass
from tocsin.core.explain import RunFacts, explain, reason_key, summary
from tocsin.core.explain.http import bare_url
from tocsin.core.explain.row_values import hide_row_values

FACTS = RunFacts(pipeline="orders", destination="postgres")


def told(error: BaseException, **arguments: Any) -> Cause:
    """Explain with what a test does not care about."""
    return explain(error, **{"redact": str, "facts": FACTS, "step": "extract", **arguments})


def raised(error: BaseException) -> BaseException:
    """Return `error` with a traceback."""
    try:
        raise error
    except type(error) as caught:
        return caught


def foreign(name: str, said: str, **attributes: Any) -> BaseException:
    """Return an exception with the qualified name of one that is defined elsewhere."""
    module, _, short = name.rpartition(".")
    error: BaseException = type(short, (Exception,), {"__module__": module})(said)
    error.__dict__.update(attributes)
    return error


class Answer:
    """A response of requests."""

    status_code = 429
    url = "https://user:pw@api.example.com:8443/v1/orders?api_key=hidden#top"

    def __init__(self, **headers: str) -> None:
        """Take headers with underscores for hyphens."""
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def too_many(**headers: str) -> BaseException:
    """Return a 429 of requests."""
    return foreign(
        "requests.exceptions.HTTPError", "429 for url: https://h/x?api_key=hidden", response=Answer(**headers)
    )


def test_a_url_has_neither_user_nor_query() -> None:
    """Scheme, host, port and path remain; the message loses the query, too."""
    cause = told(too_many())
    assert cause.url == "https://api.example.com:8443/v1/orders"
    assert cause.message == "429 for url: https://h/x?…"


@pytest.mark.parametrize("url", ["", "not a url", "ftp://host/x", "https://", "http://host:port/", "http://[::1"])
def test_what_is_no_http_url_is_left_out(url: str) -> None:
    """Nothing is guessed from half an address."""
    assert bare_url(url) is None


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Retry_After": "120"}, "asks to wait 120 seconds"),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, "until Wed, 21 Oct 2026 07:28:00 GMT"),
        # A header is text from outside: only what it should be is repeated.
        ({"Retry_After": "<!channel> now"}, "Wait some minutes"),
        ({}, "Wait some minutes"),
    ],
)
def test_retry_after_is_told(headers: dict[str, str], words: str) -> None:
    """The hint says how long the server asks to wait."""
    assert words in told(too_many(**headers)).hint


def test_only_the_first_paragraph_is_shown_in_one_line() -> None:
    """Pages of advice after the first paragraph are left out."""
    assert told(ValueError("one\n  two\n\nadvice")).message == "one two"


def test_a_long_message_says_how_much_is_missing() -> None:
    """500 characters at most, and the rest is counted."""
    message = told(ValueError("x" * 2_000)).message
    assert len(message) <= 500
    left = int(message.rpartition("(+")[2].partition(" ")[0].replace(",", ""))
    assert message.count("x") + left == 2_000


def test_an_error_without_words_is_called_by_its_name() -> None:
    """An empty message would say nothing."""
    assert told(TimeoutError()).message == "TimeoutError"


def test_everything_is_redacted() -> None:
    """Message, traceback, resource and column pass the redactor."""
    error = raised(foreign("acme.Error", "key hush is wrong", pipe_name="hush", column_name="hush", job_id="hush.1.x"))
    cause = told(error, redact=lambda text: text.replace("hush", "***"))
    assert "hush" not in repr(cause)
    assert cause.message == "key *** is wrong"


def test_a_text_that_cannot_be_redacted_is_withheld() -> None:
    """A redactor that fails leaves class, exception, step and no text."""

    def broken(_text: str) -> str:
        raise RuntimeError("pattern")

    cause = told(raised(ValueError("hush")), redact=broken)
    assert (cause.exception, cause.step, cause.message) == ("ValueError", "extract", "(withheld: the redactor failed)")
    assert "hush" not in repr(cause)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("frozen. Offending data item: id: 7, mail: a@b.c\nof b", "frozen. Offending data item: (…)"),
        ("for value `a`b` in table `t`", "for value (…) in table `t`"),
        (
            "null value\nDETAIL:  Failing row contains (1, a@b.c, null).",
            "null value\nDETAIL:  Failing row contains (…).",
        ),
        ("DETAIL:  Key (mail)=(a@b.c) already exists.", "DETAIL:  Key (mail)=(…) already exists."),
        ('invalid input syntax for type integer: "a@b.c"', "invalid input syntax for type integer: (…)"),
        ('Duplicate key "mail: a@b.c" violates', "Duplicate key (…) violates"),
        ("Could not convert string 'a@b.c' to INT32", "Could not convert string (…) to INT32"),
        ("Duplicate entry 'a@b.c' for key 'mail'", "Duplicate entry (…) for key 'mail'"),
        ("[type=int, input_value='a@b.c', input_type=str]", "[type=int, input_value=(…), input_type=str]"),
        ("no table\n[SQL: INSERT\n VALUES ('a@b.c')]\n[parameters: ('a@b.c',)]", "no table\n(…)\n(…)"),
        ("bad\nLINE 3: (1,E'a@b.c');\n         ^^^", "bad\n(…)"),
        ("nothing to hide in `mail`", "nothing to hide in `mail`"),
    ],
)
def test_values_of_rows_are_hidden(said: str, shown: str) -> None:
    """What drivers and dlt quote of a row does not leave the process; column and table names do."""
    assert hide_row_values(said) == shown


def test_the_location_is_the_users_last_line() -> None:
    """Frames of the standard library below the user's own line are skipped."""

    def parse() -> None:
        json.loads("{")

    with pytest.raises(ValueError, match="Expecting") as caught:
        parse()
    assert re.fullmatch(r"test_explain_texts\.py:\d+ in parse", told(caught.value).location or "")


def test_a_long_traceback_keeps_its_end() -> None:
    """6,000 characters at most, the last lines, and how much was left out."""
    traceback = told(raised(ValueError("\n".join(f"line {n}" for n in range(3_000))))).traceback
    assert len(traceback) <= 6_000
    assert traceback.endswith("line 2999")
    assert traceback.partition("\n")[0].endswith("characters left out]")


def test_an_endless_recursion_has_a_short_traceback() -> None:
    """A thousand frames are no thousand lines."""

    def again() -> None:
        again()

    with pytest.raises(RecursionError) as caught:
        again()
    assert len(told(caught.value).traceback) <= 6_000


def test_pending_packages_are_told_with_the_command() -> None:
    """The next run loads what is pending and skips new data; the command to give it up is the one of this dlt."""
    facts = replace(FACTS, pending_packages=("17.5",), give_up="drop-pending-packages")
    hint = told(ValueError("x"), step="load", facts=facts).hint
    assert "1 load package is pending (`dlt pipeline orders info`)" in hint
    assert "`dlt pipeline orders drop-pending-packages`" in hint


def test_a_passing_problem_needs_no_drop() -> None:
    """Nobody is told to throw data away for a timeout."""
    hint = told(TimeoutError(), step="load", facts=replace(FACTS, pending_packages=("17.5", "17.6"))).hint
    assert "2 load packages are pending" in hint
    assert "abort-packages" not in hint
    assert "may well pass by itself" in hint


def test_a_signal_is_named() -> None:
    """SIGTERM is told by its name, with what happens to the data."""
    error = type("SignalReceivedException", (KeyboardInterrupt,), {"signal_code": 15})("signal_code=15")
    cause = told(error, step="load")
    assert "SIGTERM" in cause.hint
    assert summary(cause) == "load was interrupted: signal_code=15"


BASE = Cause(
    cause_class=CauseClass.SERVER_ERROR,
    exception="requests.exceptions.HTTPError",
    message="503 Server Error for url: https://api.example.com/orders/17",
    step="extract",
    resource="orders",
    url="https://api.example.com/orders",
    status=503,
)


@pytest.mark.parametrize(
    ("cause", "title"),
    [
        (BASE, "extract of orders failed: 503 Service Unavailable from api.example.com/orders"),
        (replace(BASE, status=599, url=None), "extract of orders failed: HTTP status 599"),
        (
            Cause(
                cause_class=CauseClass.SCHEMA_CONTRACT,
                exception="dlt.DataValidationError",
                message="Contract on `columns` with `contract_mode=freeze` is violated.",
                step="normalize",
                table="orders",
                column="amount",
            ),
            'normalize of orders failed: column "amount" of table orders breaks the schema contract (freeze)',
        ),
        (
            # The column that dlt would have made for the values of another type.
            Cause(
                cause_class=CauseClass.SCHEMA_CONTRACT,
                exception="dlt.DataValidationError",
                message="Contract on `data_type` with `contract_mode=freeze` is violated.",
                step="normalize",
                table="orders",
                column="amount__v_text",
            ),
            'normalize of orders failed: text in column "amount" of table orders breaks the schema contract (freeze)',
        ),
        (
            Cause(cause_class=CauseClass.CODE, exception="KeyError", message="'id'", location="orders.py:41 in fetch"),
            "run failed: KeyError: 'id' at orders.py:41 in fetch",
        ),
        (
            Cause(cause_class=CauseClass.CONFIGURATION, exception="E", message="missing api_key", step="before"),
            "start failed: missing api_key",
        ),
        (
            Cause(cause_class=CauseClass.DATA, exception="E", message="a value is missing.", step="load"),
            "load failed: a value is missing",
        ),
    ],
)
def test_the_title_is_one_sentence(cause: Cause, title: str) -> None:
    """Step, what it was about and the reason, without a full stop."""
    assert summary(cause) == title


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("page 17 of 20", "page 3 of 21"),
        ("at 2026-11-23T05:08:15+00:00", "at 2026-11-24 06:09:16.5Z"),
        ("id 0b1f6c1e-8a77-4a1e-9b0e-0d3c1a2b3c4d", "id ffffffff-8a77-4a1e-9b0e-0d3c1a2b3c4d"),
        ("object at 0x7f2a90", "object at 0x55ffe012"),
        ("job orders.ed94bd8f3b.jsonl.gz", "job orders.17aa4471c0.jsonl.gz"),
        ("cannot open /tmp/a/b.duckdb", "cannot open /var/lib/c.duckdb"),
        ("for url https://h/orders/a?page=1", "for url https://h/orders/b"),
        ("load 1795410561.5474036", "load 1795410999.1"),
    ],
)
def test_numbers_ids_times_and_paths_are_no_reason(one: str, other: str) -> None:
    """What differs from run to run leaves the reason the same."""
    assert reason_key(replace(BASE, message=one)) == reason_key(replace(BASE, message=other))


@pytest.mark.parametrize(
    "change",
    [
        {"status": 401},
        {"step": "load"},
        {"resource": "customers"},
        {"table": "orders"},
        {"column": "amount"},
        {"exception": "httpx.HTTPStatusError"},
        {"cause_class": CauseClass.NETWORK},
        {"message": "the server is on fire"},
        {"message": "missing 'id'"},
    ],
)
def test_another_reason_has_another_key(change: dict[str, Any]) -> None:
    """Each part of the reason counts."""
    assert reason_key(replace(BASE, **change)) != reason_key(BASE)


def test_a_message_without_an_end_has_a_key() -> None:
    """A line of a million characters, of which none is a break, is read once and not once for each of them."""
    assert reason_key(replace(BASE, message="x" * 1_000_000)) != reason_key(BASE)


def test_a_moved_line_is_no_other_reason() -> None:
    """An edit above the failing line changes neither the reason nor wakes anybody."""
    moved = replace(BASE, location="orders.py:99 in fetch", traceback="other", load_id="1", job="j", hint="h")
    assert reason_key(moved) == reason_key(BASE)
