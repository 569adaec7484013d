"""Which configuration is missing, and where dlt would have read it: from ConfigFieldMissingException.traces.

In dlt a trace is (provider, sections, key, value…); its value is never looked at. A field that is itself a
configuration has traces of its own fields, so the traces are a tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.core.explain.foreign import read, read_text

_ENVIRONMENT = "Environment Variables"
#: Named in a sentence; the others are counted.
MOST_NAMED = 4


@dataclass(frozen=True, kw_only=True)
class MissingField:
    """One value that no provider had."""

    #: "api_key".
    key: str
    #: With the fields around it: "credentials.password".
    name: str
    #: "SOURCES__GITHUB__API_KEY"; None where dlt did not look into the environment.
    variable: str | None
    #: "sources.github"; empty for the top level of a file.
    section: str
    #: Whether only secrets.toml may hold it, as far as is known: dlt does not ask providers that are empty.
    secret: bool
    #: Those that dlt asked, in its order.
    providers: tuple[str, ...]


def missing_fields(error: BaseException) -> tuple[MissingField, ...]:
    """Return what dlt looked for, or nothing where the exception has no traces."""
    return tuple(_fields(read(error, "traces"), parent=""))


def listed(words: list[str]) -> str:
    """Return "a, b, c and 2 more"."""
    rest = len(words) - MOST_NAMED
    return ", ".join(words) if rest <= 0 else f"{', '.join(words[:MOST_NAMED])} and {rest} more"


def _fields(traces: object, *, parent: str) -> Iterator[MissingField]:
    for key, tried in traces.items() if isinstance(traces, dict) else ():
        entries = list(tried) if isinstance(tried, list | tuple) else []
        for entry in entries:
            yield from _fields(read(entry, "traces"), parent=f"{parent}{key}.")
        if asked := [entry for entry in entries if read(entry, "provider") is not None]:
            yield _field(str(key), f"{parent}{key}", asked)


def _field(key: str, name: str, asked: list[object]) -> MissingField:
    # The most special place comes first. dlt also asks for each below the pipeline's name, which makes the longer key.
    sections = read(asked[0], "sections")
    variables = [
        read_text(entry, "key") or ""
        for entry in asked
        if read(entry, "provider") == _ENVIRONMENT and read(entry, "sections") == sections
    ]
    providers = tuple(dict.fromkeys(read_text(entry, "provider") or "" for entry in asked))
    return MissingField(
        key=key,
        name=name,
        variable=min(variables, key=len, default=None),
        section=".".join(map(str, sections)) if isinstance(sections, list | tuple) else "",
        secret=not any(provider.endswith("config.toml") for provider in providers),
        providers=providers,
    )
