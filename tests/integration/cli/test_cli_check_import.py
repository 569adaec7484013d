"""`tocsin check import`: results of other tools become alerts with a life."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_project import TO_A_FILE, Project

CORPUS = Path(__file__).parents[2] / "corpus" / "check_results"


@pytest.fixture
def told(project: Project) -> Project:
    """Give a project with a channel."""
    project.configure(TO_A_FILE)
    return project


def own(project: Project, status: str, **more: object) -> str:
    """Write a file in Tocsin's own format with one check, and return its name."""
    check = {"name": "paid", "status": status, **more}
    content = {"tocsin_check_results": 1, "pipeline": "orders", "checks": [check]}
    (project.folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
    return "results.json"


def test_results_open_alerts_and_end_them(told: Project) -> None:
    """A failure is told once however often its file is taken in, and ends when the check passes."""
    failed = own(told, "failed", message="three orders are not paid")
    assert "three orders are not paid" in told.says("check", "import", failed)
    told.says("check", "import", failed)
    assert told.told() == ["check paid of orders: paid: three orders are not paid"]
    told.says("check", "import", own(told, "passed"))
    assert told.told()[1].startswith("check paid of orders passes again after ")


def test_dbt_finds_its_manifest_beside_the_results(told: Project) -> None:
    """Owners and descriptions need no option where dbt has put both files into one folder."""
    for name in ("run_results", "manifest"):
        text = (CORPUS / f"dbt_{name}.json").read_text(encoding="utf-8")
        (told.folder / f"{name}.json").write_text(text, encoding="utf-8")
    shown = told.json("check", "import", "run_results.json", "--pipeline", "warehouse")
    assert {one["pipeline"] for one in shown} == {"warehouse"}
    assert {one["check"]: one["table"] for one in shown}["unique_orders_id"] == "orders"
    assert len(told.told()) == 4


def test_several_files_of_several_tools(told: Project) -> None:
    """Each file is recognized by itself."""
    files = [str(CORPUS / f"{name}.json") for name in ("soda_scan", "great_expectations_validation", "own")]
    shown = told.json("check", "import", *files)
    assert len(shown) == 4 + 5 + 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "results.json cannot be read: No such file or directory"),
        ("{", "results.json is no JSON: "),
        ('{"rows": 3}', "results.json is in no format that is known; these are: Tocsin's own format, dbt"),
    ],
)
def test_files_that_cannot_be_taken_in(told: Project, text: str | None, said: str) -> None:
    """The message names the file and what is wrong, and nothing is told."""
    if text is not None:
        (told.folder / "results.json").write_text(text, encoding="utf-8")
    ended = told.tocsin("check", "import", "results.json")
    assert ended.exit_code == 1
    assert said in ended.output
    assert told.told() == []
