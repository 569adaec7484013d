"""Exceptions of clients and drivers that are not installed here, known by their shape."""

from __future__ import annotations

import asyncio
import errno
import socket
import sqlite3
from http import HTTPStatus
from typing import Any

import pytest

from tocsin.core.cause import Cause
from tocsin.core.explain import RunFacts, explain
from tocsin.core.explain.diagnosis import Diagnosis
from tocsin.core.explain.hints import _HINTS


class Shape:
    """An object with attributes."""

    def __init__(self, **attributes: Any) -> None:
        """Take the attributes as they are."""
        self.__dict__.update(attributes)


def shaped(name: str, said: str = "it failed", *bases: type[BaseException], **attributes: Any) -> BaseException:
    """Return an exception with the qualified name and the attributes of one that is defined elsewhere."""
    module, _, short = name.rpartition(".")
    error: BaseException = type(short, bases or (Exception,), {"__module__": module})(said)
    error.__dict__.update(attributes)
    return error


def told(error: BaseException, step: str = "extract") -> Cause:
    """Explain with what a test does not care about."""
    return explain(error, redact=str, step=step, facts=RunFacts(pipeline="orders", destination="postgres"))


def amazon(status: int, code: str) -> BaseException:
    """Return what boto raises for an answer."""
    response = {"ResponseMetadata": {"HTTPStatusCode": status}, "Error": {"Code": code}}
    return shaped("botocore.exceptions.ClientError", response=response)


def over(outer: BaseException, inner: BaseException) -> BaseException:
    """Raise one from the other."""
    outer.__cause__ = inner
    return outer


NETWORK_ERROR = type("NetworkError", (Exception,), {"__module__": "httpx"})
NO_SERVER = 'connection to server at "db", port 5432 failed: No route to host'
SIGTERM = shaped("dlt.common.exceptions.SignalReceivedException", "x", KeyboardInterrupt, signal_code=15)
DUPLICATE = "duplicate key value violates unique constraint"
#: exception, class, transient
_SHAPES = [
    # answers of servers
    (shaped("httpx.HTTPStatusError", response=Shape(status_code=503)), "server_error", True),
    (shaped("aiohttp.client_exceptions.ClientResponseError", status=401), "credentials", False),
    (shaped("google.api_core.exceptions.TooManyRequests", code=HTTPStatus.TOO_MANY_REQUESTS), "rate_limit", True),
    (shaped("slack_sdk.errors.SlackApiError", response=Shape(status_code=429)), "rate_limit", True),
    (shaped("stripe.error.APIError", http_status=500), "server_error", True),
    (shaped("requests.exceptions.HTTPError", response=Shape(status_code=422)), "code", False),
    (shaped("requests.exceptions.HTTPError", response=Shape(status_code=408)), "network", True),
    (amazon(400, "ThrottlingException"), "rate_limit", True),
    (amazon(400, "ExpiredToken"), "credentials", False),
    (amazon(404, "NoSuchBucket"), "configuration", False),
    # an error of a library over the answer it was raised from
    (over(shaped("acme.sdk.Error"), shaped("x.E", response=Shape(status_code=502))), "server_error", True),
    # networks
    (shaped("httpx.ConnectError", "failed", NETWORK_ERROR), "network", True),
    (over(shaped("urllib.error.URLError", "x", OSError), socket.gaierror(-2, "no name")), "network", True),
    (TimeoutError(), "network", True),
    (ConnectionResetError(104, "reset by peer"), "network", True),
    # databases that tell a SQLSTATE
    (shaped("psycopg.errors.UniqueViolation", DUPLICATE, sqlstate="23505"), "data", False),
    (shaped("psycopg2.errors.NotNullViolation", pgcode="23502"), "data", False),
    (shaped("psycopg2.errors.InvalidPassword", pgcode="28P01"), "credentials", False),
    (shaped("psycopg2.errors.InsufficientPrivilege", pgcode="42501"), "credentials", False),
    (shaped("psycopg2.errors.UndefinedTable", pgcode="42P01"), "destination", False),
    (shaped("psycopg2.errors.DeadlockDetected", pgcode="40P01"), "destination", True),
    (shaped("psycopg2.errors.DiskFull", pgcode="53100"), "destination", False),
    (shaped("psycopg2.errors.TooManyConnections", pgcode="53300"), "destination", True),
    (shaped("psycopg2.errors.ConnectionException", pgcode="08006"), "network", True),
    # databases: a driver's words
    (shaped("psycopg2.OperationalError", NO_SERVER), "network", True),
    (shaped("psycopg2.OperationalError", "could not translate host name"), "network", True),
    (shaped("psycopg2.OperationalError", "FATAL:  password authentication failed"), "credentials", False),
    (shaped("pymysql.err.OperationalError", "(1045, \"Access denied for user 'x'\")"), "credentials", False),
    (sqlite3.OperationalError("database is locked"), "destination", True),
    (sqlite3.IntegrityError("UNIQUE constraint failed: orders.id"), "data", False),
    (sqlite3.IntegrityError("NOT NULL constraint failed: orders.id"), "data", False),
    (sqlite3.OperationalError("no such table: orders"), "destination", False),
    (over(shaped("dlt.destinations.exceptions.DatabaseException"), sqlite3.Error("?")), "destination", False),
    (shaped("dlt.common.destination.exceptions.DestinationTransientException"), "destination", True),
    # the machine
    (OSError(errno.ENOSPC, "No space left on device"), "destination", False),
    (MemoryError(), "code", False),
    (FileNotFoundError(errno.ENOENT, "No such file or directory", "orders.csv"), "configuration", False),
    (PermissionError(errno.EACCES, "Permission denied", "orders.csv"), "configuration", False),
    # interruptions
    (SIGTERM, "interrupted", True),
    (asyncio.CancelledError(), "interrupted", True),
    # all else is code
    (TypeError("unsupported operand"), "code", False),
    (ValueError("connection refused"), "code", False),
]  # fmt: skip


@pytest.mark.parametrize(("error", "cause_class", "transient"), _SHAPES, ids=lambda value: repr(value)[:60])
def test_errors_are_classified_by_their_shape(error: BaseException, cause_class: str, *, transient: bool) -> None:
    """Status, SQLSTATE, class name and a driver's words lead to the class, and to whether repeating may help."""
    cause = told(error, step="load")
    assert (cause.cause_class, cause.transient) == (cause_class, transient)
    assert cause.hint


@pytest.mark.parametrize(
    ("error", "cause_class"),
    [
        (shaped("psycopg2.errors.UndefinedTable", pgcode="42P01"), "configuration"),
        (shaped("psycopg2.errors.AdminShutdown", pgcode="57P01"), "server_error"),
    ],
)
def test_a_database_that_is_read_is_no_destination(error: BaseException, cause_class: str) -> None:
    """The same error of a driver means another thing while extracting."""
    assert told(error, step="extract").cause_class == cause_class


def test_an_accident_of_the_context_is_not_believed() -> None:
    """A 404 that a library had handled already is not the answer that failed the run."""
    error = shaped("acme.sdk.Broken")
    error.__context__ = shaped("requests.exceptions.HTTPError", response=Shape(status_code=404))
    assert told(error).status is None


def test_sqlalchemy_shows_the_driver() -> None:
    """Of SQLAlchemy's wrapper and the driver's error, the driver's is shown: no statement, no parameters."""
    said = "(psycopg2.errors.UndefinedTable) no table\n[SQL: SELECT 1]\n[parameters: {'mail': 'a@b.c'}]"
    outer = shaped("sqlalchemy.exc.DBAPIError", said)
    cause = told(over(outer, shaped("psycopg2.errors.UndefinedTable", "no table", pgcode="42P01")), step="load")
    assert (cause.exception, cause.message) == ("psycopg2.errors.UndefinedTable", "no table")


def test_every_diagnosis_has_a_hint_and_a_class() -> None:
    """Nothing can be diagnosed without advice."""
    assert set(_HINTS) == set(Diagnosis)
    assert all(diagnosis.cause_class for diagnosis in Diagnosis)
