"""Results of checks that other tools have run: each format is one file and one line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.core.check import CheckResult
from tocsin.core.foreign_checks import dbt, great_expectations, own, soda
from tocsin.core.foreign_checks.result import Source


@dataclass(frozen=True, kw_only=True)
class Format:
    """How one tool writes what came of its checks."""

    #: The tool, for people.
    name: str
    recognizes: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Mapping[str, Any], Source], list[CheckResult]]


FORMATS = (
    Format(name="Tocsin's own format", recognizes=own.recognizes, read=own.read),
    Format(name="dbt (run_results.json)", recognizes=dbt.recognizes, read=dbt.read),
    Format(name="Soda (scan results)", recognizes=soda.recognizes, read=soda.read),
    Format(
        name="Great Expectations (validation or checkpoint result)",
        recognizes=great_expectations.recognizes,
        read=great_expectations.read,
    ),
)


def read_results(document: object, source: Source) -> Sequence[CheckResult]:
    """Return what came of the checks that a document tells of, whatever tool wrote it.

    Args:
        document: What the file holds, as JSON values.
        source: What the document does not tell.

    Raises:
        ValueError: No format is recognized, or the document is not what its format says.
    """
    if isinstance(document, Mapping):
        for one in FORMATS:
            if one.recognizes(document):
                try:
                    return one.read(document, source)
                except (AttributeError, KeyError, TypeError, ValueError) as error:
                    said = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else f"{error}"
                    raise ValueError(f"looks like {one.name}, but cannot be read: {said}") from error
    raise ValueError(f"is in no format that is known; these are: {', '.join(one.name for one in FORMATS)}")
