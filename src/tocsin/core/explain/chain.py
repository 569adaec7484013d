"""Which exception of a chain to show.

The chain is walked as Python prints it: `__cause__`, else `__context__` unless it is suppressed; a group is entered
at its first leaf. From the outermost exception downwards, the one shown is found by four rules:

1. A wrapper says only where: dlt's step, resource and job errors, its copies of a driver's error, tenacity's
   RetryError. It is passed, as long as something lies below.
2. An exception that a library raised is shown. What lies below it is how the library found out: the SSLError below
   urllib3's MaxRetryError below requests' ConnectionError, the KeyError below dlt's message about a missing cursor.
3. An exception that the user's code raised is passed if it was raised because of another one: the root is the news.
   `raise … from None` ends the chain, because the author said so.
4. But a bare look-up error below it ("KeyError: 'id'") says less than the user's own words, and does not count.
   An interruption comes from outside, so what was being handled when it came is not its cause either.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tocsin.core.explain.foreign import is_a, names, read, short_name, text
from tocsin.core.explain.frames import raised_by_user

#: No real chain is this long; a longer one is read up to here.
LONGEST = 50

STEP_AND_JOB_ERRORS = frozenset(
    {
        "dlt.pipeline.exceptions.PipelineStepFailed",
        "dlt.extract.exceptions.ResourceExtractionError",
        "dlt.normalize.exceptions.NormalizeJobFailed",
        "dlt.load.exceptions.LoadClientJobException",
        "dlt.load.exceptions.LoadPackageAborted",
    }
)
_WRAPPERS = STEP_AND_JOB_ERRORS | {
    "dlt.destinations.exceptions.DatabaseException",
    "dlt.destinations.exceptions.DestinationConnectionError",
    "dlt.common.destination.exceptions.SchemaUpdateError",
    "sqlalchemy.exc.DBAPIError",
    "tenacity.RetryError",
}
#: They quote an inner error and add what to do, so they say more than it.
_HELPFUL = {
    "dlt.common.configuration.exceptions.ConfigurationException",
    "dlt.common.exceptions.MissingDependencyException",
}
#: Where wrappers keep what they wrap; needed when a process pool or a pickle has cut the chain.
_KEPT_IN = ("exception", "client_exception", "job_exception", "dbapi_exception", "inner_exc", "orig", "cause")
#: A traceback of another process in the clothes of an exception.
_REMOTE = {"_RemoteTraceback", "RemoteTraceback"}
_INTERRUPTIONS = {"KeyboardInterrupt", "asyncio.exceptions.CancelledError"}
_LOOK_UPS = {"LookupError", "AttributeError", "StopIteration", "StopAsyncIteration"}
#: A shorter text is found in another one by chance.
_MEANINGFUL = 8


@dataclass(frozen=True, kw_only=True)
class Chain:
    """An exception chain from the outside in."""

    errors: tuple[BaseException, ...]
    #: Position of the exception to show.
    position: int
    #: Leaves of the exception groups on the way; 1 where there was no group.
    leaves: int = 1

    @property
    def root(self) -> BaseException:
        """The exception to show."""
        return self.errors[self.position]

    @property
    def shown(self) -> tuple[BaseException, ...]:
        """From the outermost to the root."""
        return self.errors[: self.position + 1]

    @property
    def outwards(self) -> tuple[BaseException, ...]:
        """From the root to the outermost."""
        return self.shown[::-1]

    @property
    def below(self) -> tuple[BaseException, ...]:
        """What lies below the root, innermost first: how a library found out."""
        return self.errors[: self.position : -1]

    @property
    def traced(self) -> BaseException:
        """The root, or the nearest around it that has a traceback: leaves of a group often have none."""
        return next((e for e in self.outwards if read(e, "__traceback__")), self.root)

    @property
    def sources(self) -> tuple[BaseException, ...]:
        """The root and what it was explicitly raised from: a mere `__context__` may be an accident."""
        found = [self.root]
        for error in self.errors[self.position + 1 :]:
            if read(found[-1], "__cause__") is not error:
                break
            found.append(error)
        return tuple(found)


def only_says_where(error: BaseException) -> bool:
    """Whether an exception wraps another one and has nothing to add but the place."""
    return is_a(error, _WRAPPERS)


def walk(error: BaseException) -> Chain:
    """Follow the chain below `error` and choose the exception to show."""
    errors, leaves, seen = [error], 1, {id(error)}
    while len(errors) < LONGEST:
        inner = read(errors[-1], "exceptions")
        if isinstance(errors[-1], BaseExceptionGroup) and isinstance(inner, tuple) and inner:
            leaves = max(leaves, _leaves(errors[-1]))
            below: object = inner[0]
        else:
            below = _below(errors[-1])
        if not isinstance(below, BaseException) or id(below) in seen:
            break
        seen.add(id(below))
        errors.append(below)
    return Chain(errors=tuple(errors), position=_choose(errors), leaves=leaves)


def _leaves(error: BaseException) -> int:
    inner = read(error, "exceptions") if isinstance(error, BaseExceptionGroup) else None
    return sum(_leaves(e) for e in inner) if isinstance(inner, tuple) else 1


def _below(error: BaseException) -> object:
    below = read(error, "__cause__")
    if below is None and not read(error, "__suppress_context__"):
        below = read(error, "__context__")
    if isinstance(below, BaseException) and short_name(below) not in _REMOTE:
        return below
    if is_a(error, _WRAPPERS):
        return next((kept for name in _KEPT_IN if isinstance(kept := read(error, name), BaseException)), None)
    return None


def _choose(errors: list[BaseException]) -> int:
    for position, (error, below) in enumerate(pairwise(errors)):
        if isinstance(error, BaseExceptionGroup) or _only_wraps(error, below):
            continue
        if is_a(error, _INTERRUPTIONS) or not raised_by_user(error) or _says_less(below):
            return position
    return len(errors) - 1


def _only_wraps(error: BaseException, below: BaseException) -> bool:
    if is_a(error, _WRAPPERS):
        return True
    if not names(error)[0].startswith("dlt.") or is_a(error, _HELPFUL) or _says_less(below):
        return False
    said = text(below)
    return len(said) >= _MEANINGFUL and said in text(error)


def _says_less(error: BaseException) -> bool:
    # Subclasses outside the builtins carry words of their own (dlt derives some helpful errors from KeyError).
    return is_a(error, _LOOK_UPS) and "." not in names(error)[0]
