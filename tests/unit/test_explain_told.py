"""Causes that are read back out of the text which another program tells."""

from __future__ import annotations

import builtins
import traceback

import pytest

from tocsin.core.cause import Cause, CauseClass
from tocsin.core.explain.compose import WITHHELD
from tocsin.core.explain.told import explain_told
from tocsin.core.redact import Redactor

#: As Airflow tells of a task in which dlt has failed.
IN_AIRFLOW = """Traceback (most recent call last):
  File "/usr/lib/python3.12/site-packages/requests/models.py", line 1021, in raise_for_status
    raise HTTPError(http_error_msg, response=self)
requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: https://api.example.com/orders?key=s3cr3t

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/usr/lib/python3.12/site-packages/airflow/sdk/execution_time/task_runner.py", line 9, in run
    execute()
  File "/opt/dags/orders.py", line 41, in fetch
    pipeline.run(source())
  File "/usr/lib/python3.12/site-packages/dlt/pipeline/pipeline.py", line 41, in extract
    raise PipelineStepFailed(self)
dlt.pipeline.exceptions.PipelineStepFailed: Pipeline execution failed at `step=extract` with exception:

<class 'requests.exceptions.HTTPError'>
"""
IN_SPARK = """org.apache.spark.SparkException: Job aborted due to stage failure
\tat org.apache.spark.scheduler.DAGScheduler.failJobAndIndependentStages(DAGScheduler.scala:2844)
Caused by: java.net.UnknownHostException: warehouse.internal
\tat java.base/java.net.InetAddress.getAllByName(InetAddress.java:1567)
"""


def told(message: str = "", *, trace: str = "", language: str = "python") -> Cause:
    """Return what is made of a report."""
    return explain_told(message, trace=trace, language=language, redact=Redactor())


def _fail() -> None:
    raise ValueError("no such customer\npassword=hunter2")


def test_the_root_of_a_traceback_is_shown() -> None:
    """What dlt raised around it is passed, the user's own line is found, and no query is kept."""
    cause = told("Pipeline execution failed", trace=IN_AIRFLOW)
    assert (cause.exception, cause.cause_class, cause.transient) == (
        "requests.exceptions.HTTPError",
        CauseClass.SERVER_ERROR,
        True,
    )
    assert (cause.status, cause.url) == (503, "https://api.example.com/orders")
    assert cause.location == "orders.py:41 in fetch"
    assert cause.chain == ("PipelineStepFailed", "HTTPError")
    assert cause.hint.startswith("Not your fault: api.example.com has trouble.")
    assert "s3cr3t" not in repr(cause)


def test_what_python_prints_is_read_as_it_was_raised() -> None:
    """A traceback of this very Python gives class, message and place, and a secret in it does not get out."""
    with pytest.raises(ValueError, match="no such customer") as raised:
        _fail()
    trace = "".join(traceback.format_exception(raised.value))
    cause = told("failed", trace=trace.replace("\n", "\r\n"))
    assert (cause.exception, cause.cause_class) == ("ValueError", CauseClass.CODE)
    assert cause.message.startswith("no such customer")
    assert "hunter2" not in repr(cause)
    assert cause.location is not None
    assert cause.location.startswith("test_explain_told.py:")
    assert cause.hint.startswith(f"An error in the code: look at {cause.location}.")


def test_java_tells_its_root_last() -> None:
    """The innermost cause is shown, with the classes around it, and no advice for dlt is given."""
    cause = told("Job aborted", trace=IN_SPARK, language="JAVA")
    assert (cause.exception, cause.message) == ("java.net.UnknownHostException", "warehouse.internal")
    assert (cause.cause_class, cause.transient) == (CauseClass.NETWORK, True)
    assert cause.chain == ("SparkException", "UnknownHostException")
    assert cause.hint == "It may well pass by itself at the next run."


@pytest.mark.parametrize(
    ("message", "language", "exception", "said", "cause_class"),
    [
        # Spark writes the class before the words.
        ("a.b.AnalysisException: no view x", "JAVA", "a.b.AnalysisException", "no view x", CauseClass.CODE),
        # What dbt says comes from the destination.
        ('relation "x" does not exist', "sql", "sql error", 'relation "x" does not exist', CauseClass.DESTINATION),
        # A word before a colon is no class.
        ("Error: it broke", "python", "python error", "Error: it broke", CauseClass.CODE),
        ("it broke", "", "error", "it broke", CauseClass.CODE),
        ("", "python", "python error", "python error", CauseClass.CODE),
    ],
)
def test_without_a_trace(message: str, language: str, exception: str, said: str, cause_class: CauseClass) -> None:
    """The message alone tells what it can."""
    cause = told(message, language=language)
    assert (cause.exception, cause.message, cause.cause_class) == (exception, said, cause_class)


@pytest.mark.parametrize(
    "name", [n for n, c in vars(builtins).items() if isinstance(c, type) and issubclass(c, BaseException)]
)
def test_every_exception_of_python(name: str) -> None:
    """Each of Python's own is known by its name, whatever it takes to make one."""
    cause = told(
        trace=f'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\n{name}: why\n'
    )
    assert cause.exception == name


@pytest.mark.parametrize(
    "trace", ["Traceback (most recent call last):\n", "Traceback (most recent call last):\n  File", "\0", "(" * 10_000]
)
def test_a_trace_that_is_none(trace: str) -> None:
    """What cannot be read is no reason to fail; the message tells."""
    assert told("it broke", trace=trace).message == "it broke"


def test_a_long_trace_is_read_from_its_end() -> None:
    """Of megabytes the end is read, where the error stands."""
    assert told(trace="x\n" * 1_000_000 + IN_AIRFLOW).status == 503


def test_a_redactor_that_fails_lets_nothing_out() -> None:
    """Class and kind are told, and no text."""

    def broken(text: str) -> str:
        raise RuntimeError(text)

    cause = explain_told("x", trace=IN_AIRFLOW, language="python", redact=broken)
    assert (cause.message, cause.location, cause.traceback) == (WITHHELD, WITHHELD, WITHHELD)
