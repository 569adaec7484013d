"""Asks one check of the destination."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tocsin.capture.checks.compile import Compiled, compile_check
from tocsin.capture.checks.place import place_of
from tocsin.core.check import CheckResult

#: Characters of a value that are shown.
_LONGEST = 60

Redact = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A check as it is asked of one pipeline."""

    blank: CheckResult
    #: The type of the destination: "postgres".
    destination: str
    redact: Redact
    #: Loads whose rows are asked, where the check wants that; None for the newest.
    load_ids: Sequence[str] | None = None
    #: Tables that have been loaded: a query that reads none of them is not asked. None asks in any case.
    loaded: Collection[str] | None = None
    #: Returns the SQL of a function of the user's; None where the check has its own.
    write: Callable[[], object] | None = None

    def __call__(self, client: Any) -> CheckResult:  # noqa: ANN401  # dlt's SqlClientBase
        """Ask, and return what came of it.

        Raises:
            Exception: Whatever the destination or the user's function says.
        """
        check = self.blank.check
        if self.write is not None:
            check = replace(check, sql=sql_of(self.write()))
        place = place_of(client, self.destination)
        compiled = compile_check(check, place, now=self.blank.at, load_ids=self.load_ids)
        if self.loaded is not None and compiled.tables and compiled.tables.isdisjoint(self.loaded):
            return self.blank
        [counted] = _rows(client, compiled.count)
        failing = int(counted[0])
        return replace(
            self.blank,
            failing=failing,
            checked=int(counted[1]) if len(counted) > 1 else None,
            columns=compiled.columns,
            rows=self._sample(client, compiled) if failing else (),
            sql=self.redact(compiled.failing),
        )

    def _sample(self, client: Any, compiled: Compiled) -> tuple[tuple[str, ...], ...]:  # noqa: ANN401  # as above
        rows = _rows(client, compiled.sample) if compiled.sample else []
        return tuple(tuple(self._shown(value) for value in row) for row in rows)

    def _shown(self, value: object) -> str:
        # Cut after it was redacted: half of a secret is not known as one.
        text = " ".join(self.redact(str(value)).split())
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def sql_of(written: object) -> str:
    """Return the SQL that a function of the user's returned: text, or a relation of dlt.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(written, str):
        return written
    # Relations of dlt spell it `to_sql` since 1.18, and `query` before.
    for name in ("to_sql", "query"):
        if callable(method := getattr(written, name, None)):
            return str(method())
    raise TypeError(
        f"the function returned {type(written).__name__}, expected a query for the failing rows: SQL text or a "
        "relation of dlt"
    )


def _rows(client: Any, sql: str) -> Sequence[Sequence[Any]]:  # noqa: ANN401  # as above
    if hasattr(client, "dialect_name"):
        # SQLAlchemy takes what follows a colon for the name of a parameter.
        sql = sql.replace(":", "\\:")
    return client.execute_sql(sql) or []
