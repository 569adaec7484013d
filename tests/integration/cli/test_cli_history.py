"""`tocsin history` and `tocsin report`, on two weeks of runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_project import Project

ITEMS = "extract, load, normalize, order_lines, orders +1 more"


def test_a_pipe_gets_the_points_of_a_table(fortnight: Project) -> None:
    """One row a run with what was expected of it, then the alerts about the table."""
    said = fortnight.says("history", "orders.orders", "-n", "2").splitlines()

    assert said[0].startswith("ORDERS, ROWS OF ORDERS: 1,147, 5 H 58 MIN AGO, EXPECTED ")
    assert said[1].split() == ["RUN", "(UTC)", "VALUE", "EXPECTED", "NOTE"]
    assert said[3].startswith("2026-11-23 06:01  1,147  ")
    assert said[3].endswith("  unusual")
    assert said[5] == "ALERTS"
    assert " ".join(said[7].split()).startswith("orders.orders volume 2026-11-23 06:08 1,147 rows, usually ")


def test_a_pipeline_is_drawn_by_its_duration_and_lists_its_tables(fortnight: Project) -> None:
    """Tables and steps have a line each; alerts that are over say so."""
    said = fortnight.says("history", "orders")

    assert said.startswith("ORDERS, DURATION: 7 MIN 20 S, 5 H 58 MIN AGO")
    assert "\nTABLES AND STEPS\n" in said
    for name in ("order_lines", "orders", "refunds", "extract", "normalize", "load"):
        assert f"\n{name} " in said
    assert "not started, over" in said


def test_a_document_has_every_point(fortnight: Project) -> None:
    """Programs get the numbers behind the words."""
    document = fortnight.json("history", "orders.orders", "-n", "3")

    assert (document["pipeline"], document["environment"]) == ("orders", "default")
    ((series,), last) = document["series"], document["series"][0]["points"][-1]
    assert (series["measure"], series["item"], len(series["points"])) == ("rows", "orders", 3)
    assert (last["value"], last["unusual"], last["left_out"]) == (1147, True, "unusual")
    assert last["low"] > last["value"]
    assert [one["kind"] for one in document["alerts"]] == ["volume", "schema"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("order", "no pipeline is called 'order'; pipelines: customers, events, orders, stock"),
        ("order.orders", "no pipeline is called 'order.orders'; pipelines: customers, events, orders, stock"),
        (
            "orders.nothing",
            f"orders has no table or step 'nothing' that is known; there are: {ITEMS}",
        ),
    ],
)
def test_a_name_that_is_not_known_tells_what_there_is(fortnight: Project, name: str, told: str) -> None:
    """Whoever mistypes a name sees the right one."""
    result = fortnight.tocsin("history", name)

    assert (result.exit_code, result.stderr) == (1, f"Error: {told}\n")


def test_a_report_is_one_file(fortnight: Project, tmp_path: Path) -> None:
    """What it holds is told in a line, and the file is whole."""
    out = tmp_path / "report.html"

    said = fortnight.says("report", "--out", str(out), "--days", "14")

    page = out.read_text(encoding="utf-8")
    assert said == f"Wrote {out}: 4 pipelines, 3 open problems, {len(page.encode()) / 1024:,.0f} KB\n"
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "3 problems in 4 pipelines" in page


def test_a_report_of_one_pipeline_goes_to_a_pipe(fortnight: Project) -> None:
    """A hyphen names the standard output."""
    page = fortnight.says("report", "--out", "-", "-p", "stock")

    assert page.count("<details") == 1
    assert page.endswith("</html>\n")


def test_a_report_of_nobody_is_an_error(fortnight: Project) -> None:
    """A name that is not known writes no file."""
    result = fortnight.tocsin("report", "--out", "report.html", "-p", "nobody")

    told = "Error: no pipeline is called 'nobody': tocsin status lists those that were seen\n"
    assert (result.exit_code, result.stderr) == (1, told)
    assert not (fortnight.folder / "report.html").exists()


def test_a_place_that_cannot_be_written_is_named(fortnight: Project) -> None:
    """The reason is that of the system."""
    result = fortnight.tocsin("report", "--out", "missing/report.html")

    assert result.exit_code == 2
    assert "--out missing/report.html: No such file or directory" in result.stderr
