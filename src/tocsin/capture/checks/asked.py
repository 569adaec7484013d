"""What a kind of check needs to write its SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from tocsin.capture.checks.place import Place
from tocsin.core.check import Check, Scalar


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A check, where it is asked and when."""

    check: Check
    place: Place
    now: datetime
    #: The table, or those of its rows that are asked.
    source: exp.Expr

    @property
    def columns(self) -> list[exp.Column]:
        """The columns of the check as the destination spells them, with the name of the table before them."""
        return [self.column(name) for name in self.check.columns]

    def column(self, name: str, table: str = "") -> exp.Column:
        """Return a column of the table that is asked, or of another one."""
        return exp.column(
            exp.to_identifier(self.place.fold(name), quoted=True),
            table=exp.to_identifier(self.place.fold(table or self.check.table), quoted=True),
        )

    def rows_where(self, condition: exp.Expr) -> exp.Select:
        """Return the query for the rows of the table that fulfil a condition."""
        return exp.select("*").from_(self.source.copy()).where(condition)


def literal(value: Scalar) -> exp.Expr:
    """Return a value of a configuration as SQL."""
    return exp.convert(value)


def table_at(place: Place, name: str, alias: str = "") -> exp.Expr:
    """Return a table by its full name, known by `alias` in the query, or by its short name."""
    parts = [exp.to_identifier(part, quoted=True) for part in place.path(name)]
    fields = dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))
    return exp.alias_(exp.Table(**fields), exp.to_identifier(place.fold(alias or name), quoted=True), table=True)
