"""The chain that ended a run as data: what others group by and show."""

from __future__ import annotations

from typing import Any

from tocsin.core.cause import Raised
from tocsin.core.codec import decode, encode
from tocsin.core.explain import RunFacts, explain


def chain_of(error: BaseException, **arguments: Any) -> tuple[Raised, ...]:
    """Return the exceptions of a chain as they are kept."""
    return explain(error, **{"redact": str, "facts": RunFacts(pipeline="orders"), **arguments}).raised


def caught(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return `error` with a traceback, raised from `cause`."""
    try:
        raise error from cause
    except type(error) as raised:
        return raised


def wrapper(said: str) -> BaseException:
    """Return an exception of the class that dlt puts around the failure of a step."""
    kind = type("PipelineStepFailed", (Exception,), {"__module__": "dlt.pipeline.exceptions"})
    error: BaseException = kind(said)
    return error


def test_from_the_outermost_to_the_innermost() -> None:
    """Each exception has its class, its words and the lines on its way."""
    found = chain_of(caught(RuntimeError("no orders today"), caught(KeyError("id"))))
    assert [(one.exception, one.message) for one in found] == [
        ("RuntimeError", "no orders today"),
        ("KeyError", "'id'"),
    ]
    [frame] = found[0].frames
    assert (frame.file, frame.function, frame.own) == (__file__, "caught", True)


def test_a_wrapper_has_no_words_of_its_own() -> None:
    """What dlt's wrappers say is what they wrap, so it is kept once, unless nothing lies below them."""
    wrapped = chain_of(caught(wrapper("failed with ValueError: no"), caught(ValueError("no"))))
    assert [one.message for one in wrapped] == ["", "no"]
    assert [one.message for one in chain_of(caught(wrapper("failed")))] == ["failed"]


def test_every_text_is_redacted() -> None:
    """Messages and the paths of files go through the redactor."""
    [kept] = chain_of(caught(ValueError("token hunter2")), redact=lambda text: text.replace("hunter2", "[secret]"))
    assert kept.message == "token [secret]"
    [hidden] = chain_of(caught(ValueError("x")), redact=lambda _text: "[all of it]")
    assert {frame.file for frame in hidden.frames} == {"[all of it]"}


def test_what_is_endless_is_cut() -> None:
    """Of a long chain both ends are kept, of a deep call the end, and of a long message the beginning."""
    error = caught(ValueError("0"))
    for number in range(1, 30):
        error = caught(ValueError(str(number)), error)
    assert [one.message for one in chain_of(error)] == ["29", "28", "27", "26", "25", "4", "3", "2", "1", "0"]

    def fall(depth: int) -> None:
        if depth == 0:
            raise ValueError("x" * 5_000)
        fall(depth - 1)

    try:
        fall(100)
    except ValueError as deep:
        [kept] = chain_of(deep)
    assert len(kept.frames) == 30
    assert kept.frames[-1].function == "fall"
    assert len(kept.message) <= 500


def test_it_survives_the_spool() -> None:
    """Written down and read again, a chain is the same."""
    found = chain_of(caught(RuntimeError("a"), caught(KeyError("b"))))
    assert tuple(decode(Raised, one) for one in encode(found)) == found  # type: ignore[union-attr]
