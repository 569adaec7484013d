"""Changes of tables: what is compared, what is said, and how much it matters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from made import NOON, alert, good_run
from tocsin.core.alert import Alert, advance
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.rules.data import Facts
from tocsin.core.rules.schema import judge_schema
from tocsin.core.run import Run
from tocsin.core.schema import ColumnChange, SchemaChange, SchemaVersion, compare, makes_again
from tocsin.core.schema_words import brief, diff, sentence
from tocsin.core.severity import Severity

TABLES = {"items": {"id": "bigint"}, "orders": {"id": "bigint", "price": "bigint"}}
BEFORE = SchemaVersion(name="shop", version_hash="1", tables=TABLES)
DISCOUNT = ColumnChange(name="discount", data_type="double")
VARIANT = ColumnChange(name="price__v_text", data_type="text", variant_of="price")
GONE = ColumnChange(name="old", before="text")
RETYPED = ColumnChange(name="price", data_type="text", before="bigint")


def orders(*columns: ColumnChange, **more: object) -> SchemaChange:
    """Return a change of the table "orders"."""
    return replace(SchemaChange(table="orders", columns=columns, resource="orders_api"), **more)  # type: ignore[arg-type]


def version(**tables: dict[str, str]) -> SchemaVersion:
    """Return the schema after the next run."""
    return SchemaVersion(name="shop", version_hash="2", tables=tables)


@pytest.mark.parametrize(
    ("after", "told", "changes"),
    [
        # The hash tells that nothing has changed, whatever the description holds.
        (replace(version(), version_hash="1"), (), ()),
        # What dlt tells of is told as it is.
        (version(**TABLES), (orders(DISCOUNT),), (orders(DISCOUNT),)),
        (version(orders=TABLES["orders"]), (), (SchemaChange(table="items", removed=True),)),
        (
            version(orders={"id": "bigint", "price": "text", "discount": "double"}, items={}),
            (orders(DISCOUNT),),
            (
                SchemaChange(table="items", columns=(ColumnChange(name="id", before="bigint"),)),
                orders(DISCOUNT, RETYPED),
            ),
        ),
        # What a load that failed had made, dlt does not tell again.
        (
            version(**TABLES, lines={"n": "bigint"}),
            (),
            (SchemaChange(table="lines", columns=(ColumnChange(name="n", data_type="bigint"),), new_table=True),),
        ),
        (
            version(items=TABLES["items"], orders={**TABLES["orders"], "price__v_text": "text", "discount": "double"}),
            (orders(DISCOUNT),),
            (orders(DISCOUNT, VARIANT),),
        ),
        # Too many columns to be kept: there is nothing to compare.
        (replace(version(), tables=None), (), ()),
    ],
)
def test_compared_with_the_last_run(
    after: SchemaVersion, told: tuple[SchemaChange, ...], changes: tuple[SchemaChange, ...]
) -> None:
    """What is gone or has another type is found by comparing; what is new is known from dlt."""
    assert compare(BEFORE, after, told) == changes


def test_a_table_that_is_new_and_was_known_was_made_again() -> None:
    """Old versions of dlt do not mark a refresh; a table that is new a second time gives it away."""
    assert makes_again(BEFORE, [orders(DISCOUNT, new_table=True)])
    assert not makes_again(BEFORE, [orders(DISCOUNT), SchemaChange(table="lines", new_table=True)])


@pytest.mark.parametrize(
    ("change", "said", "cell", "lines"),
    [
        (orders(DISCOUNT), "column discount added", "+ discount", "+ column discount double (resource orders_api)"),
        (
            orders(VARIANT),
            "column price got values of type text, which are in price__v_text",
            "+ price__v_text",
            "+ column price__v_text text (values of price of another type) (resource orders_api)",
        ),
        (orders(GONE), "column old removed", "- old", "- column old text (resource orders_api)"),
        (
            orders(RETYPED),
            "column price is text, was bigint",
            "~ price",
            "~ column price bigint → text (resource orders_api)",
        ),
        (
            orders(DISCOUNT, GONE, VARIANT, resource=None),
            "1 column added, 1 column removed, 1 column of another type",
            "+ discount, - old +1 more",
            (
                "+ column discount double\n- column old text\n"
                "+ column price__v_text text (values of price of another type)"
            ),
        ),
        (
            orders(DISCOUNT, new_table=True),
            "new table with 1 column",
            "new table",
            "+ table orders (resource orders_api)\n  + column discount double",
        ),
        (SchemaChange(table="orders", removed=True), "table removed", "removed", "- table orders"),
    ],
)
def test_words_of_a_change(change: SchemaChange, said: str, cell: str, lines: str) -> None:
    """A change reads as a sentence, fits into a cell, and is drawn as a difference."""
    assert (sentence(change), brief(change, most=2), diff(change)) == (said, cell, lines)


def test_a_long_difference_says_what_it_leaves_out() -> None:
    """A table with hundreds of new columns does not fill the message."""
    drawn = diff(orders(*(ColumnChange(name=f"c{number}", data_type="text") for number in range(100)))).splitlines()
    assert len(drawn) == 41
    assert drawn[-1] == "+60 more"


def judged(run: Run, *open_alerts: Alert, schema_changes: Severity | None = Severity.INFO) -> list[Finding]:
    """Return what the rule says."""
    known = {alert.fingerprint: alert for alert in open_alerts}
    return list(judge_schema(Facts(run=run, now=NOON, open_alerts=known, schema_changes=schema_changes)))


@pytest.mark.parametrize(
    ("change", "configured", "severity"),
    [
        (orders(DISCOUNT), Severity.INFO, Severity.INFO),
        (orders(DISCOUNT), Severity.ERROR, Severity.ERROR),
        # What is taken away, or means something else now, can break whoever reads it.
        (orders(DISCOUNT, VARIANT), Severity.INFO, Severity.WARNING),
        (orders(GONE), Severity.INFO, Severity.WARNING),
        (orders(RETYPED), Severity.INFO, Severity.WARNING),
        (orders(removed=True), Severity.ERROR, Severity.ERROR),
    ],
)
def test_how_much_a_change_matters(change: SchemaChange, configured: Severity, severity: Severity) -> None:
    """Additions matter as much as is configured; what may hurt somebody is a warning at least."""
    [found] = judged(good_run(schema_changes=(change,)), schema_changes=configured)
    assert (found.severity, found.kind, found.topic, found.item) == (severity, Kind.SCHEMA, Topic.SCHEMA, "orders")
    assert found.code == {"Difference": diff(change)}
    assert found.evidence == {"Resource": "orders_api"}


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (orders(DISCOUNT), 'schema_contract={"columns": "freeze"}'),
        (orders(DISCOUNT, new_table=True), 'schema_contract={"tables": "freeze"}'),
        (orders(VARIANT), 'columns={"price": {"data_type": "text"}}'),
        (orders(RETYPED), "The type was changed in the code or in the import schema"),
        (orders(GONE), "dlt's schema has old no longer"),
        (orders(removed=True), "dlt pipeline orders drop"),
    ],
)
def test_what_to_do_about_a_change(change: SchemaChange, hint: str) -> None:
    """Each kind of change has its own advice."""
    [found] = judged(good_run(schema_changes=(change,)))
    assert hint in found.hint


def test_nobody_asks() -> None:
    """With `schema_changes = "off"` nothing is found."""
    assert judged(good_run(schema_changes=(orders(GONE),)), schema_changes=None) == []


def test_a_change_is_over_with_the_next_run_that_goes_well() -> None:
    """The alert of a change ends by itself, unless the same table has changed again; others are left alone."""
    [change] = judged(good_run("first", schema_changes=(orders(GONE),)))
    opened, _ = advance(None, change, new_id="a1")
    assert opened is not None
    assert judged(good_run("first"), opened) == []
    [over] = judged(good_run("second"), opened, alert())
    assert (over.kind, over.topic, over.item) == (Kind.RECOVERED, Topic.SCHEMA, "orders")
    [again] = judged(good_run("second", schema_changes=(orders(RETYPED),)), opened)
    assert again.kind is Kind.SCHEMA
