"""A check becomes SQL in the dialect of the destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tocsin.capture.checks.asked import Asked, table_at
from tocsin.capture.checks.kinds.registry import KINDS
from tocsin.capture.checks.place import Place
from tocsin.core.check import Check, CheckKind

#: Failing rows that are shown.
SHOWN = 5
_LOAD_ID = "_dlt_load_id"


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What is asked of the destination for one check."""

    #: Returns every failing row; for people to type.
    failing: str
    #: Returns one row: how many fail, and of how many if a table is known.
    count: str
    #: Returns a few failing rows with the columns that may be shown; empty where none may.
    sample: str
    columns: tuple[str, ...]
    #: The tables of the pipeline that a query of the user's reads.
    tables: frozenset[str]


def compile_check(check: Check, place: Place, *, now: datetime, load_ids: Sequence[str] | None) -> Compiled:
    """Return the SQL of a check.

    Args:
        check: The check.
        place: Where its tables are.
        now: The present, aware; how old data are is counted from here.
        load_ids: The loads whose rows are asked where the check wants that; None for the newest
            load of the table.

    Raises:
        ValueError: What the check holds as SQL cannot be read, or is no query.
    """
    try:
        asked = Asked(check=check, place=place, now=now, source=_source(check, place, load_ids))
        if check.kind is CheckKind.SQL:
            return _compiled(asked, *_query(asked))
        return _compiled(asked, KINDS[check.kind].failing(asked))
    except SqlglotError as error:
        raise ValueError(f"the SQL cannot be read: {error}") from error


def _compiled(asked: Asked, failing: exp.Query, tables: frozenset[str] = frozenset()) -> Compiled:
    check, dialect = asked.check, asked.place.dialect
    columns = KINDS[check.kind].shows if check.kind.whole else check.sample
    inner = _unordered(failing).subquery("failing")
    counted: list[exp.Expr] = [exp.alias_(_count(inner), "failing")]
    if check.table:
        counted.append(exp.alias_(_count(asked.source.copy()), "checked"))
    shown = [exp.column(exp.to_identifier(asked.place.fold(name), quoted=True)) for name in columns]
    sample = exp.select(*shown).from_(inner.copy()).limit(SHOWN)
    return Compiled(
        failing=failing.sql(dialect, pretty=True, comments=False),
        count=exp.select(*counted).sql(dialect, comments=False),
        sample=sample.sql(dialect, comments=False) if columns else "",
        columns=tuple(columns),
        tables=tables,
    )


def _count(source: exp.Expr) -> exp.Expr:
    return exp.select(exp.Count(this=exp.Star())).from_(source).subquery()


def _unordered(query: exp.Query) -> exp.Query:
    """Return a query without an order that does not matter, which some destinations refuse inside of another."""
    query = query.copy()
    if not query.args.get("limit") and not query.args.get("offset"):
        query.set("order", None)
    return query


def _source(check: Check, place: Place, load_ids: Sequence[str] | None) -> exp.Expr:
    """Return the table that is asked, or those of its rows that are."""
    if not check.table:
        return exp.select("1").subquery("nothing")
    table = table_at(place, check.table)
    conditions: list[exp.Expr] = []
    if check.where:
        conditions.append(exp.paren(sqlglot.parse_one(check.where, read=place.dialect)))
    if check.loaded_rows_only:
        load_id = exp.column(exp.to_identifier(place.fold(_LOAD_ID), quoted=True))
        if load_ids is None:
            newest = exp.select(exp.Max(this=load_id.copy())).from_(table.copy()).subquery()
            conditions.append(exp.EQ(this=load_id, expression=newest))
        else:
            conditions.append(load_id.isin(*(exp.Literal.string(one) for one in load_ids)))
    if not conditions:
        return table
    known_as = exp.to_identifier(place.fold(check.table), quoted=True)
    return exp.select("*").from_(table).where(*conditions).subquery(known_as)


def _query(asked: Asked) -> tuple[exp.Query, frozenset[str]]:
    """Return the user's query with the full names of its tables, and their short ones."""
    statements = [one for one in sqlglot.parse(asked.check.sql, read=asked.place.dialect) if one is not None]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ValueError("expected one query that returns the failing rows: SELECT …")
    query = statements[0]
    if (changing := query.find(exp.DML, exp.DDL, exp.Command)) is not None and not isinstance(changing, exp.Query):
        raise ValueError(f"a check reads only, and this one holds {changing.key.upper()}")
    named, read = {cte.alias for cte in query.find_all(exp.CTE)}, set()
    for table in list(query.find_all(exp.Table)):
        elsewhere = table.db not in {"", *asked.place.path(table.name)[:-1]}
        if elsewhere or table.name in named or not isinstance(table.this, exp.Identifier):
            continue
        read.add(table.name)
        table.replace(_in_place(asked, table))
    return query, frozenset(read)


def _in_place(asked: Asked, table: exp.Table) -> exp.Expr:
    alias = table.args.get("alias") or exp.TableAlias(this=table.this.copy())
    replaced = table.copy()
    found = asked.source.copy() if table.name == asked.check.table else table_at(asked.place, table.name)
    if isinstance(found, exp.Subquery):
        found.set("alias", alias.copy())
        return found
    for part in ("this", "db", "catalog"):
        replaced.set(part, found.args.get(part))
    replaced.set("alias", alias.copy())
    return replaced
