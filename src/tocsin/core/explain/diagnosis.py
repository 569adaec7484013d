"""Every kind of problem that is told apart: its class, and whether repeating may help."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from tocsin.core.cause import CauseClass


class _Kind(NamedTuple):
    cause_class: CauseClass
    transient: bool = False


class Diagnosis(StrEnum):
    """What is wrong, finer than a CauseClass: each has its own hint."""

    MISSING_CONFIG = "missing config"
    BAD_CONFIG = "bad config"
    UNKNOWN_DESTINATION = "unknown destination"
    MISSING_MODULE = "missing module"
    MISSING_FILE = "missing file"
    NOT_FOUND = "not found"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    LOGIN = "login"
    RATE_LIMITED = "rate limited"
    DNS = "dns"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    TLS = "tls"
    DISCONNECTED = "disconnected"
    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server error"
    CONTRACT = "contract"
    NOT_NULL = "not null"
    NO_VALUES = "no values"
    NO_CURSOR = "no cursor"
    DUPLICATE = "duplicate"
    BAD_VALUE = "bad value"
    NOT_JSON = "not json"
    NO_TABLE = "no table"
    LOCKED = "locked"
    DISK_FULL = "disk full"
    DESTINATION_BUSY = "destination busy"
    DESTINATION = "destination"
    OUT_OF_MEMORY = "out of memory"
    BAD_REQUEST = "bad request"
    CODE = "code"
    SIGNAL = "signal"
    EXIT = "exit"

    @property
    def cause_class(self) -> CauseClass:
        """The class that is stored and shown."""
        return _KINDS[self].cause_class

    @property
    def transient(self) -> bool:
        """Whether the same run may well succeed when it is repeated."""
        return _KINDS[self].transient


_C = CauseClass
_KINDS = {
    Diagnosis.MISSING_CONFIG: _Kind(_C.CONFIGURATION),
    Diagnosis.BAD_CONFIG: _Kind(_C.CONFIGURATION),
    Diagnosis.UNKNOWN_DESTINATION: _Kind(_C.CONFIGURATION),
    Diagnosis.MISSING_MODULE: _Kind(_C.CONFIGURATION),
    Diagnosis.MISSING_FILE: _Kind(_C.CONFIGURATION),
    Diagnosis.NOT_FOUND: _Kind(_C.CONFIGURATION),
    Diagnosis.UNAUTHORIZED: _Kind(_C.CREDENTIALS),
    Diagnosis.FORBIDDEN: _Kind(_C.CREDENTIALS),
    Diagnosis.LOGIN: _Kind(_C.CREDENTIALS),
    Diagnosis.RATE_LIMITED: _Kind(_C.RATE_LIMIT, transient=True),
    Diagnosis.DNS: _Kind(_C.NETWORK, transient=True),
    Diagnosis.REFUSED: _Kind(_C.NETWORK, transient=True),
    Diagnosis.TIMED_OUT: _Kind(_C.NETWORK, transient=True),
    Diagnosis.DISCONNECTED: _Kind(_C.NETWORK, transient=True),
    Diagnosis.UNREACHABLE: _Kind(_C.NETWORK, transient=True),
    # A certificate that is not trusted now will not be trusted at the next run.
    Diagnosis.TLS: _Kind(_C.NETWORK),
    Diagnosis.SERVER_ERROR: _Kind(_C.SERVER_ERROR, transient=True),
    Diagnosis.CONTRACT: _Kind(_C.SCHEMA_CONTRACT),
    Diagnosis.NOT_NULL: _Kind(_C.DATA),
    Diagnosis.NO_VALUES: _Kind(_C.DATA),
    Diagnosis.NO_CURSOR: _Kind(_C.DATA),
    Diagnosis.DUPLICATE: _Kind(_C.DATA),
    Diagnosis.BAD_VALUE: _Kind(_C.DATA),
    Diagnosis.NOT_JSON: _Kind(_C.DATA),
    Diagnosis.NO_TABLE: _Kind(_C.DESTINATION),
    Diagnosis.LOCKED: _Kind(_C.DESTINATION, transient=True),
    Diagnosis.DISK_FULL: _Kind(_C.DESTINATION),
    Diagnosis.DESTINATION_BUSY: _Kind(_C.DESTINATION, transient=True),
    Diagnosis.DESTINATION: _Kind(_C.DESTINATION),
    Diagnosis.OUT_OF_MEMORY: _Kind(_C.CODE),
    Diagnosis.BAD_REQUEST: _Kind(_C.CODE),
    Diagnosis.CODE: _Kind(_C.CODE),
    Diagnosis.SIGNAL: _Kind(_C.INTERRUPTED, transient=True),
    Diagnosis.EXIT: _Kind(_C.INTERRUPTED),
}
