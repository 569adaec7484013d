"""The report of a fixed store, as it was looked at in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import tocsin
from made import NOON
from reported import reported
from tocsin.report.facts import read_overview
from tocsin.report.page import draw


def test_report(tmp_path: Path, same_as_golden: Callable[[str, str], None]) -> None:
    """Every part that a report can have, from two weeks of four pipelines."""
    with reported(tmp_path, days=14).reading() as tx:
        overview = read_overview(tx, now=NOON, days=14, environment="default")

    page = draw(overview, false_alerts=0.3)

    page = re.sub(r"<style>.*?</style>", "<style>…</style>", page, flags=re.DOTALL)
    # One element a line, so that a difference can be read.
    lines = re.sub(r"(?=<(?:details|div|g|h\d|li|polygon|polyline|section|tr|td|th)\b)", "\n", page)
    same_as_golden("report/fortnight.html", lines.replace(f"Tocsin {tocsin.__version__}", "Tocsin VERSION"))
