"""Why a run failed: an exception chain becomes one classified Cause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CauseClass(StrEnum):
    """What kind of thing went wrong, and so who can act."""

    CONFIGURATION = "configuration"
    CREDENTIALS = "credentials"
    RATE_LIMIT = "rate_limit"
    NETWORK = "network"
    SERVER_ERROR = "server_error"
    SCHEMA_CONTRACT = "schema_contract"
    DATA = "data"
    DESTINATION = "destination"
    CODE = "code"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One line of a traceback, without the code on it."""

    #: As Python shows it: most often a path.
    file: str
    line: int
    function: str
    #: Whether it is the user's own code: no library's, not dlt's and not ours.
    own: bool = False


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One exception of the chain that ended a run."""

    #: Qualified name of its class.
    exception: str
    #: What it says, shortened; empty where it only repeats the exception below it.
    message: str = ""
    #: From the outermost call to the place where it was raised; of a long traceback the end.
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cause:
    """The root error of a failed run. Every text in it has been redacted."""

    cause_class: CauseClass
    #: Qualified name of the root exception, for example "requests.exceptions.HTTPError".
    exception: str
    #: The root exception's message, shortened.
    message: str
    #: What to do, in one or two sentences, commands included.
    hint: str = ""
    #: True where the same run may well succeed when it is repeated.
    transient: bool = False
    step: str | None = None
    resource: str | None = None
    table: str | None = None
    column: str | None = None
    job: str | None = None
    load_id: str | None = None
    #: Scheme, host and path of the request that failed; never its query.
    url: str | None = None
    #: HTTP status of the answer that failed the run.
    status: int | None = None
    #: "orders.py:41 in fetch": the last frame of the user's own code.
    location: str | None = None
    #: Short class names from the outermost exception to the root.
    chain: tuple[str, ...] = ()
    #: All exceptions from the outermost to the innermost, those below the root included, for programs that group and
    #: show them in their own way.
    raised: tuple[Raised, ...] = ()
    #: The end of the traceback as Python prints it.
    traceback: str = ""
