"""When two failures have the same reason."""

from __future__ import annotations

import hashlib
import re

from tocsin.core.cause import Cause

#: What differs from run to run although the reason is the same; each is replaced in this order.
_VARIES = (
    (re.compile(r"(\b\w+://[^\s/'\")>]+)[^\s'\")>]*"), r"\1"),  # the path of a URL: a page, an id
    (re.compile(r"(?<![\w/:])(?:[A-Za-z]:\\|\.{0,2}/)[^\s'\")>:,]+"), "#"),  # a path on a disk
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "#"),  # a UUID
    (re.compile(r"\b(?:0x)?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{6,}\b"), "#"),  # a hash, an address, a job id
    (re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{12,}\b"), "#"),  # a random id, a load id in a name
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)?"), "#"),  # a time
    (re.compile(r"\d+(?:[.,:]\d+)*"), "#"),  # a number, a version, a port
)
#: Characters of a message that tell enough of it.
_LONGEST = 200


def reason_key(cause: Cause) -> str:
    """Return a text that is equal for the same reason over runs and machines, and differs for another one.

    Class, exception, step, resource, table, column and HTTP status count, and the message without what varies.
    Line numbers do not: an edit above the failing line is no news.
    """
    parts = (
        cause.cause_class,
        cause.exception,
        cause.step,
        cause.resource,
        cause.table,
        cause.column,
        cause.status,
        _constant(cause.message),
    )
    digest = hashlib.sha256(repr(tuple(part and str(part) for part in parts)).encode()).hexdigest()[:16]
    return f"{cause.cause_class}:{cause.exception.rpartition('.')[2]}:{digest}"


def likeness(cause: Cause) -> str:
    """Return in one line what failures of several pipelines have in common, were they of this cause.

    Exception and message count, without what varies; where in a pipeline it happened does not.
    """
    told = _constant(cause.message)[:_LONGEST]
    name = cause.exception.rpartition(".")[2]
    return f"{name}: {told}" if told else name


def _constant(message: str) -> str:
    for pattern, replacement in _VARIES:
        message = pattern.sub(replacement, message)
    return " ".join(message.split())
