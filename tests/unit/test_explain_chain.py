"""Which exception of a chain is shown, and that no exception can do harm while it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tocsin.core.cause import Cause, CauseClass
from tocsin.core.explain import RunFacts, explain


def told(error: BaseException, **arguments: Any) -> Cause:
    """Explain with what a test does not care about."""
    return explain(error, **{"redact": str, "facts": RunFacts(pipeline="orders"), **arguments})


def foreign(name: str, *bases: type[BaseException], **attributes: Any) -> type[BaseException]:
    """Return a class that has the qualified name and the bases of one that is defined elsewhere."""
    module, _, short = name.rpartition(".")
    return type(short, bases or (Exception,), {"__module__": module, **attributes})


def caught(raises: Callable[[], object]) -> BaseException:
    """Return what `raises` raises, with its traceback."""
    try:
        raises()
    except BaseException as error:  # noqa: BLE001 - whatever it raises is asked for
        return error
    raise AssertionError("nothing was raised")


def linked(*errors: BaseException) -> BaseException:
    """Link exceptions by `raise … from`, the outermost first."""
    for outer, inner in pairwise(errors):
        outer.__cause__ = inner
    return errors[0]


STEP = foreign("dlt.pipeline.exceptions.PipelineStepFailed", step="extract", load_id="17.5", pipeline_name="orders")
RESOURCE = foreign("dlt.extract.exceptions.ResourceExtractionError", pipe_name="customers")


def test_wrappers_of_dlt_are_passed_and_give_their_facts() -> None:
    """Step, load id and resource come from the wrappers, class and message from the root."""
    cause = told(linked(STEP("step failed"), RESOURCE("resource failed"), ValueError("no such page")))
    assert (cause.exception, cause.message) == ("ValueError", "no such page")
    assert (cause.step, cause.load_id, cause.resource) == ("extract", "17.5", "customers")
    assert cause.chain == ("PipelineStepFailed", "ResourceExtractionError", "ValueError")


def test_the_step_that_is_told_wins() -> None:
    """Who calls knows better in which stage the process was."""
    assert told(STEP("failed"), step="sync").step == "sync"


def test_a_context_counts_like_a_cause() -> None:
    """An error while another one was handled is explained by the other one, as Python prints it."""

    def fails() -> None:
        try:
            int("the root")
        except ValueError:
            raise RuntimeError("while cleaning up")  # noqa: B904 - the implicit context is the point

    assert told(caught(fails)).message.endswith("'the root'")


def test_from_none_ends_the_chain() -> None:
    """A suppressed context is not looked at."""

    def fails() -> None:
        try:
            int("hidden")
        except ValueError:
            raise RuntimeError("shown") from None

    assert told(caught(fails)).message == "shown"


def test_a_library_is_not_looked_into() -> None:
    """Of an error of a library that is raised from another one, the library's own is shown."""
    outer = foreign("requests.exceptions.InvalidHeader")("header is no text")
    assert told(linked(outer, ValueError("int"))).message == "header is no text"


def test_a_bare_key_error_says_less_than_words() -> None:
    """The words of the code are shown, and not the key that was missing."""
    assert told(linked(RuntimeError("no customers in the answer"), KeyError("customers"))).exception == "RuntimeError"


def test_an_interruption_has_no_cause_below() -> None:
    """Ctrl-C while an error was handled is an interruption, whatever the error was."""
    cause = told(linked(KeyboardInterrupt(), ValueError("retrying")))
    assert (cause.cause_class, cause.exception) == (CauseClass.INTERRUPTED, "KeyboardInterrupt")


def test_a_dlt_error_that_repeats_the_error_below_is_a_wrapper() -> None:
    """Wrappers of dlt that are not known by name are known by repeating what they wrap."""
    outer = foreign("dlt.future.NewWrapper")("new wrapper said: the pump is dry")
    assert told(linked(outer, ValueError("the pump is dry"))).exception == "ValueError"


def test_a_dlt_error_that_says_more_is_shown() -> None:
    """An error of dlt with words of its own is the root."""
    outer = foreign("dlt.future.Helpful")("set the pump to on")
    assert told(linked(outer, ValueError("the pump is dry"))).exception == "dlt.future.Helpful"


def test_a_wrapper_without_chain_is_opened_by_its_attribute() -> None:
    """A pickled wrapper has lost its `__cause__`, but dlt keeps the exception in an attribute."""
    job = foreign("dlt.load.exceptions.LoadClientJobException", client_exception=ValueError("disk of the sink"))
    assert told(job("job failed")).message == "disk of the sink"


def test_a_remote_traceback_is_no_cause() -> None:
    """The traceback of a worker process, which Python links as a cause, is not shown as one."""
    remote = foreign("concurrent.futures.process._RemoteTraceback")("Traceback of another process")
    assert told(linked(ValueError("in the worker"), remote)).message == "in the worker"


def test_a_group_is_told_by_its_first_leaf() -> None:
    """The first leaf is shown, and how many there are over all levels."""
    group = ExceptionGroup("all", [ExceptionGroup("some", [ValueError("a"), OSError("b")]), TypeError("c")])
    cause = told(group)
    assert (cause.exception, cause.message) == ("ValueError", "first of 3 errors: a")


def test_a_circle_ends() -> None:
    """Exceptions that are each other's cause are walked once."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert told(first).chain == ("ValueError", "ValueError")


def test_a_very_long_chain_ends() -> None:
    """Thousands of links are neither followed nor a reason to fail."""
    assert len(told(linked(*(ValueError(str(n)) for n in range(3_000)))).chain) == 50


class _EvilText(Exception):
    def __str__(self) -> str:
        raise SystemExit(1)


class _EvilAttributes(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise KeyboardInterrupt(name)


class _EvilProperties(Exception):
    @property
    def response(self) -> object:
        raise MemoryError

    @property
    def step(self) -> object:
        return object()

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class _NoText(Exception):
    def __str__(self) -> str:
        return 7  # type: ignore[return-value]  # noqa: PLE0307 - it happens


@pytest.mark.parametrize("evil", [_EvilText, _EvilAttributes, _EvilProperties, _NoText])
def test_no_exception_does_harm(evil: type[Exception]) -> None:
    """An exception that raises whenever it is looked at still gives class, name and step."""

    def fails() -> None:
        raise evil("x")

    cause = told(caught(fails), step="extract")
    assert cause.cause_class is CauseClass.CODE
    assert cause.exception.endswith(evil.__name__)
    assert cause.step == "extract"


def test_a_failure_of_our_own_is_told() -> None:
    """Should the explanation itself fail, class, exception and step remain."""
    cause = explain(ValueError("x"), redact=str, step="load", facts=None)  # type: ignore[arg-type]
    assert (cause.exception, cause.step, cause.message) == ("ValueError", "load", "(the exception could not be read)")
