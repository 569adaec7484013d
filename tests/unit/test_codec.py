"""Dataclasses to JSON and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from made import alert, run
from tocsin.core.alert import Alert
from tocsin.core.codec import decode, encode
from tocsin.core.message import Code, Fact, Facts, Message, Paragraph, Tone
from tocsin.core.run import Context, Link, Run, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange


def test_a_run_comes_back_as_it_was() -> None:
    """Nested tables, links, mappings, enumerations and times survive the way through JSON."""
    made = run(
        tables=(TableLoad(table="orders", rows=3),),
        schema_changes=(SchemaChange(table="orders", columns=(ColumnChange(name="a"), ColumnChange(name="b"))),),
        context=Context(links=(Link(label="log", url="https://x"),), names={"dag_id": "d"}),
    )

    assert decode(Run, json.loads(json.dumps(encode(made)))) == made
    assert decode(Alert, json.loads(json.dumps(encode(alert())))) == alert()


def test_each_kind_of_block_comes_back() -> None:
    """A member of a union is recognised by the fields that it needs."""
    blocks = (Facts(items=(Fact(label="a", value="b"),)), Paragraph(text="t", label="Do"), Code(code="c", label="l"))
    message = Message(title="t", tone=Tone.ERROR, blocks=blocks, at=datetime(2026, 1, 1, tzinfo=UTC))

    assert decode(Message, json.loads(json.dumps(encode(message)))) == message


def test_defaults_are_left_out_and_unknown_keys_are_ignored() -> None:
    """Events stay small, and an older reader takes what it knows from a newer writer."""
    encoded = encode(TableLoad(table="t", rows=1))

    assert encoded == {"table": "t", "rows": 1}
    assert decode(TableLoad, {"table": "t", "rows": 1, "bytes": 7}) == TableLoad(table="t", rows=1)
    assert "first_run" not in json.dumps(encode(run()))


@pytest.mark.parametrize("data", [None, [], "text", {}, {"id": "x"}, {"id": "x", "started_at": "yesterday"}])
def test_what_is_no_run_is_refused(data: object) -> None:
    """Whatever stands in a file, the answer is a run or a ValueError."""
    with pytest.raises(ValueError, match=r".+"):
        decode(Run, data)


def test_a_type_without_json_form_is_named() -> None:
    """A programming error says which type it is about."""
    with pytest.raises(TypeError, match="object has no JSON form"):
        encode(object())


def test_a_time_without_zone_is_refused() -> None:
    """Times of several machines can be compared only with their zones."""
    with pytest.raises(ValueError, match="has no time zone; pass an aware datetime"):
        run(ended_at=datetime(2026, 1, 1))  # noqa: DTZ001  # the mistake that the test is about
