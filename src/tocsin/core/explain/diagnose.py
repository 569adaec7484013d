"""From an exception chain to a Diagnosis."""

from __future__ import annotations

from tocsin.core.explain import signs
from tocsin.core.explain.chain import STEP_AND_JOB_ERRORS, Chain
from tocsin.core.explain.diagnosis import Diagnosis
from tocsin.core.explain.foreign import is_a, names, read, read_text, text
from tocsin.core.explain.http import Answer


def diagnose(chain: Chain, answer: Answer | None, *, step: str | None) -> Diagnosis:
    """Return what is wrong.

    An interruption is believed before all, then what a server answered, then what the exceptions are, then what
    a driver says. Where none of these is known, the code itself is wrong.
    """
    found = _by_class(chain.root)
    if found in {Diagnosis.SIGNAL, Diagnosis.EXIT}:
        return found
    if answer:
        return _by_status(answer.status)
    for look in (_by_class, _by_driver, _by_failed_message, _by_family):
        for error in chain.outwards:
            # PipelineStepFailed and its like tell where and not what; LoadClientJobRetry even is "transient" always.
            if (error is chain.root or not is_a(error, STEP_AND_JOB_ERRORS)) and (found := look(error)):
                found = _closer(found, chain)
                return signs.AT_SOURCE.get(found, found) if step in signs.READING else found
    return Diagnosis.CODE


def _closer(found: Diagnosis, chain: Chain) -> Diagnosis:
    """Clients of HTTP say "connection error" for all: which one it was lies below."""
    if found not in {Diagnosis.UNREACHABLE, Diagnosis.DISCONNECTED}:
        return found
    return next((d for e in chain.below if (d := _by_class(e)) and d.cause_class is found.cause_class), found)


def _by_class(error: BaseException) -> Diagnosis | None:
    return next((signs.BY_CLASS[name] for name in names(error) if name in signs.BY_CLASS), None)


def _by_status(status: int) -> Diagnosis:
    if status >= 500:  # noqa: PLR2004 - the meaning of HTTP's first digit
        return Diagnosis.SERVER_ERROR
    return signs.BY_STATUS.get(status, Diagnosis.BAD_REQUEST)


def _by_driver(error: BaseException) -> Diagnosis | None:
    state = read_text(error, "sqlstate") or read_text(error, "pgcode")
    if state:
        return next((found for beginning, found in signs.BY_SQLSTATE if state.startswith(beginning)), None)
    own = [name.rpartition(".") for name in names(error)]
    driver = any(name in signs.DRIVER_ERRORS or module.partition(".")[0] in signs.DRIVERS for module, _, name in own)
    if driver or (is_a(error, {"OSError"}) and read(error, "errno") is not None):
        said = text(error)
        return next((found for pattern, found in signs.BY_WORDS if pattern.search(said)), None)
    return None


def _by_failed_message(error: BaseException) -> Diagnosis | None:
    said = read_text(error, "failed_message") or ""
    return next((found for words, found in signs.BY_FAILED_MESSAGE if words in said), None)


def _by_family(error: BaseException) -> Diagnosis | None:
    found = next((signs.DLT_FAMILIES[name] for name in names(error) if name in signs.DLT_FAMILIES), None)
    if found is None and any(name.partition(".")[0] in signs.DRIVERS for name in names(error)):
        return Diagnosis.DESTINATION
    return found
