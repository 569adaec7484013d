"""One sentence for the title of an alert."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from tocsin.core.cause import Cause, CauseClass
from tocsin.core.explain.message import cut

LONGEST_SUMMARY = 200
#: Stages that are no steps of dlt have no name that a reader knows.
_AROUND = {"before": "start", "after": "code after the load"}
_CONTRACT_MODE = re.compile(r"contract_mode=(\w+)")


def summary(cause: Cause) -> str:
    """Return one sentence without a full stop: "extract of orders failed: 503 Service Unavailable from host/path"."""
    what = _AROUND.get(cause.step or "", cause.step) or "run"
    subject = cause.resource or cause.table
    whole = f"{what} of {subject}" if subject else what
    verb = "was interrupted" if cause.cause_class is CauseClass.INTERRUPTED else "failed"
    why = reason(cause)
    return cut(f"{whole} {verb}: {why}" if why else f"{whole} {verb}", LONGEST_SUMMARY)


def reason(cause: Cause) -> str:
    """Return the reason alone, without a full stop: "503 Service Unavailable from host/path"; may be empty."""
    return _reason(cause).rstrip(". ")


def _reason(cause: Cause) -> str:
    if cause.exception.rpartition(".")[2] == "SystemExit":
        return f"the code called sys.exit({cause.message})"
    if cause.status:
        return _answer(cause.status, cause.url)
    if cause.cause_class is CauseClass.SCHEMA_CONTRACT and cause.table:
        mode = _CONTRACT_MODE.search(cause.message)
        return f"{_breaking(cause)} breaks the schema contract" + (f" ({mode[1]})" if mode else "")
    if cause.cause_class is CauseClass.CODE:
        name = cause.exception.rpartition(".")[2]
        said = name if cause.message in {"", name} else f"{name}: {cause.message}"
        return f"{said} at {cause.location}" if cause.location else said
    return cause.message


def _breaking(cause: Cause) -> str:
    """Return "new table items", 'column "b" of table orders' or 'text in column "b" of table orders'."""
    if not cause.column:
        return f"new table {cause.table}"
    column, _, data_type = cause.column.rpartition("__v_")
    if column:
        # dlt names a column for values of another type after the column and their type.
        return f'{data_type} in column "{column}" of table {cause.table}'
    return f'column "{cause.column}" of table {cause.table}'


def _answer(status: int, url: str | None) -> str:
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = f"HTTP status {status}"
    parts = urlsplit(url) if url else None
    return f"{phrase} from {parts.netloc}{parts.path.rstrip('/')}" if parts else phrase
