"""Messages as Tocsin sends them, and some as nobody should: for golden files and for looking at."""

from __future__ import annotations

from datetime import UTC, datetime

from tocsin.core.message import Code, Fact, Facts, Message, Paragraph, Tone
from tocsin.core.run import Link
from tocsin.core.severity import Severity

AT = datetime(2026, 11, 23, 5, 8, 9, tzinfo=UTC)


def facts(**values: str) -> Facts:
    """Return facts with the keywords as labels."""
    return Facts(items=tuple(Fact(label=label.capitalize(), value=value) for label, value in values.items()))


_TRACEBACK = """Traceback (most recent call last):
  File "pipelines/orders.py", line 41, in <module>
    pipeline.run(shop_source())
  File "pipelines/orders.py", line 17, in orders
    yield client.get("/orders", params={"updated_after": cursor}).json()
HTTPError: 503 Server Error: Service Unavailable for url: https://api.shop.example/orders"""

FAILED = Message(
    title="orders failed: the API of the shop is not available",
    tone=Tone.ERROR,
    severity=Severity.ERROR,
    blocks=(
        facts(
            what="extract of resource orders → postgres, dataset raw_shop; nothing was loaded",
            when="07:00 CET, on schedule (0 7 * * *, Europe/Berlin); took 41 s",
            why="HTTPError: 503 Service Unavailable from api.shop.example, after 5 tries. "
            "Looks transient: the server is overloaded or down for maintenance.",
            since="today 07:00, first time in 42 runs",
            blocks="customer_report, revenue; orders is complete up to 2026-11-22 07:00",
            next="attempt 2 of 3 at 07:05",
        ),
        Paragraph(label="Do", text="Nothing yet. If attempt 3 fails too, ask the shop's team, then start it again:"),
        Code(code="python pipelines/orders.py"),
        Code(label="Traceback", code=_TRACEBACK),
    ),
    links=(
        Link(label="Log", url="https://airflow.example.com/dags/orders/grid?run=2026-11-23"),
        Link(label="Acknowledge", url="https://tocsin.example.com/a/3f2a?token=abc"),
    ),
    footer="alert 3f2a9c · prod · Tocsin 0.1.0",
    at=AT,
    alert_id="3f2a9c",
    data={"pipeline": "orders", "kind": "failed", "occurrences": 1},
)

PARTIAL = Message(
    title="billing is partially loaded: 2 of 14 load jobs failed",
    tone=Tone.WARNING,
    severity=Severity.WARNING,
    blocks=(
        facts(
            what="load into duckdb, dataset billing: tables invoices, invoice_lines",
            when="06:30 UTC; took 3 min",
            why='Conversion Error: Could not convert string "n/a" to DECIMAL(38,9) in column amount',
            since="today 06:30, 2nd time in a row",
        ),
        Paragraph(label="Do", text="dlt says the run is ok and will not try these jobs again. See what failed with:"),
        Code(code="dlt pipeline billing failed-jobs"),
    ),
    footer="alert 77b01e · prod · Tocsin 0.1.0",
    at=AT,
    alert_id="77b01e",
)

DIED = Message(
    title="events died: the process was killed, most likely for want of memory",
    tone=Tone.CRITICAL,
    severity=Severity.CRITICAL,
    blocks=(
        facts(
            what="normalize of 12.4 million rows",
            when="started 04:10 UTC, last sign of life 04:52:31",
            why="No heartbeat for 60 s and pid 8123 on worker-3 is gone. Its memory had grown from 0.9 to 7.8 GiB.",
        ),
    ),
    footer="alert 0c44d1 · prod",
    at=AT,
    alert_id="0c44d1",
)

RECOVERED = Message(
    title="orders recovered",
    tone=Tone.GOOD,
    blocks=(facts(what="run 8d1f loaded 1,204 rows into 3 tables", lasted="2 h 10 min, 2 failed runs"),),
    links=(Link(label="Run", url="https://tocsin.example.com/runs/8d1f"),),
    footer="alert 3f2a9c · prod",
    at=AT,
    alert_id="3f2a9c",
)

ACKNOWLEDGED = Message(
    title="orders failed: acknowledged by Ada",
    tone=Tone.ACKNOWLEDGED,
    severity=Severity.ERROR,
    blocks=(facts(who="Ada, at 07:12 CET", then="no repeats until the problem changes or ends"),),
    footer="alert 3f2a9c · prod",
    at=AT,
    alert_id="3f2a9c",
)

NOTE = Message(
    title="backfill done",
    tone=Tone.INFO,
    blocks=(Paragraph(text="All of 2025 is loaded.\n\nNext: switch the incremental cursor back on."),),
    at=AT,
)

LONG = Message(
    title="warehouse_sync failed: " + "the destination answered with an error that explains itself at length " * 4,
    tone=Tone.ERROR,
    severity=Severity.ERROR,
    blocks=(
        Facts(
            items=tuple(Fact(label=f"Table {n}", value=f"rows expected {n * 100:,}, found 0") for n in range(1, 111))
        ),
        Paragraph(label="Why", text="The query was too complex to be planned in time. " * 200),
        Code(label="Traceback", code="\n".join(f'  File "models.py", line {n}, in build' for n in range(1, 2001))),
    ),
    links=tuple(Link(label=f"Log {n}", url=f"https://logs.example.com/{n}/{'x' * 300}") for n in range(1, 21)),
    footer="alert ffff00 · prod",
    at=AT,
    alert_id="ffff00",
)

HOSTILE = Message(
    title="<!channel> @everyone\r\nSubject: *bold* _it_ \x1b[31mred\x1b[0m \u202egnp.exe",
    tone=Tone.ERROR,
    severity=Severity.ERROR,
    blocks=(
        facts(
            what="<@U12345> <!here> <!subteam^S1> <https://evil.example|docs> &lt; &amp;",
            why="```` `code` ````\x00\u200b``\u200b`  [docs](https://evil.example) <b>html</b>",
            table="_dlt_loads and __init__ and *args ~x~ :smile: \ud800",
        ),
        Code(label="<!channel>", code="```\n<!channel>\n\tindented\x07\n```"),
        Paragraph(label="", text=" "),
        Code(code="\n"),
    ),
    links=(
        Link(label="<!here>", url="https://ok.example/?a=1&b=2"),
        Link(label="Run", url="javascript:alert(1)"),
        Link(label="Log", url="https://evil.example|docs> <!channel>"),
    ),
    footer="<!channel>",
    at=AT,
    alert_id="bad",
)

SAMPLES = {
    "failed": FAILED,
    "partial": PARTIAL,
    "died": DIED,
    "recovered": RECOVERED,
    "acknowledged": ACKNOWLEDGED,
    "note": NOTE,
    "long": LONG,
    "hostile": HOSTILE,
}
