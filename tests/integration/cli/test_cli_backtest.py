"""`tocsin backtest`, from the store and from a file of counts."""

from __future__ import annotations

import dlt
import pytest

from cli_project import Project
from recorded_runs import counts

CONFIGURED = """
[tocsin.pipelines.orders]
schedule = "0 6 * * *"
start_within = "30m"
"""


def _counts(project: Project, *, zero: int | None = None) -> str:
    """Write a file of counts."""
    path = project.folder / "counts.csv"
    path.write_text(counts(zero=zero))
    return str(path)


@pytest.fixture
def recorded(fortnight: Project) -> Project:
    """Return a project with two weeks of runs in its store, and a schedule."""
    fortnight.configure(CONFIGURED)
    return fortnight


def test_the_store_is_lived_through_again(recorded: Project) -> None:
    """What would have fired, when, for how long, and how often a month; the store itself stays as it is."""
    before = recorded.json("alerts", "--all")

    said = recorded.says("backtest", "-p", "orders")

    assert said.startswith("3 alerts in 14 d, 2026-11-09 06:00 to 2026-11-23 06:08 UTC, from 14 runs with false_alerts")
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "2026-11-12 06:30 orders not started" in lines[4]
    assert "not started: expected at 06:00 UTC" in lines[4]
    assert lines[6].startswith("2026-11-23 06:08 orders.orders volume 0.0 s, open 1,147 rows, usually ")
    assert "orders volume orders 1 1.0 -" in lines
    assert recorded.json("alerts", "--all") == before


def test_only_the_days_that_are_asked_for_count(recorded: Project) -> None:
    """What was before is not lived through."""
    document = recorded.json("backtest", "-p", "orders", "--days", "5")

    assert document["runs"] == 5


def test_a_budget_that_is_kept_exits_with_0(recorded: Project) -> None:
    """Each table has one alert in a fortnight, which is one a month."""
    said = recorded.says("backtest", "-p", "orders", "--budget", "1")

    assert said.endswith("BUDGET\nno table or step has more than 1 alerts a month\n")


def test_over_the_budget_it_exits_with_1(project: Project) -> None:
    """A pipeline of CI can ask for it."""
    result = project.tocsin("backtest", "--csv", _counts(project), "--budget", "0.1")

    assert result.exit_code == 1
    assert "error: 1 table or step has more than 0.1 alerts a month" in result.stdout
    assert "\ncounts    volume  orders " in result.stdout


def test_tuning_prints_the_line_to_write(project: Project) -> None:
    """The setting that it names keeps to the budget, and is the most attentive one that does."""
    file = _counts(project)
    project.configure("[tocsin]\nfalse_alerts = 1\n")
    number = project.json("backtest", "--csv", file)["counts"][0]["per_month"]
    budget = str(number - 0.4)

    result = project.tocsin("backtest", "--csv", file, "--budget", budget, "--tune")

    (line,) = [line for line in result.stdout.splitlines() if line.startswith("false_alerts = ")]
    assert "[tocsin]\nfalse_alerts = " in result.stdout
    project.configure(f"[tocsin]\n{line}\n")
    assert f"{line}, which is in force, keeps to it" in project.says(
        "backtest", "--csv", file, "--budget", budget, "--tune"
    )


def test_what_no_setting_changes_is_said(project: Project) -> None:
    """A table that got nothing is told whatever is accepted."""
    result = project.tocsin("backtest", "--csv", _counts(project, zero=45), "--budget", "0", "--tune")

    assert result.exit_code == 1
    assert "warning: no setting keeps to it" in result.stdout


def test_a_document_has_all_of_it(project: Project) -> None:
    """Programs get every alert and every count."""
    result = project.tocsin("backtest", "--csv", _counts(project, zero=45), "--json", "--budget", "99")

    assert result.exit_code == 0
    document = project.json("backtest", "--csv", "counts.csv")
    assert (document["runs"], document["false_alerts"], document["tuned"]) == (60, 0.3, None)
    (count,) = document["counts"]
    assert (count["pipeline"], count["topic"], count["item"], count["over"]) == ("counts", "volume", "orders", False)
    assert count["alerts"] == len(document["fired"])
    assert "0 rows" in {alert["summary"].split(",")[0] for alert in document["fired"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("table,day,rows\n", "no column 'date'; the first line has to name the columns"),
        ("table,date,rows\norders,yesterday,3\n", "line 2: Invalid isoformat string: 'yesterday'"),
        ("table,date,rows\norders,2026-11-23,many\n", "line 2: invalid literal for int() with base 10: 'many'"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(project: Project, text: str, told: str) -> None:
    """Whoever writes such files sees what to mend."""
    (project.folder / "counts.csv").write_text(text)

    result = project.tocsin("backtest", "--csv", "counts.csv")

    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 1, "there is no run to look at: tocsin runs lists those in the store, --help other places"),
        (("--csv", "missing.csv"), 2, "--csv missing.csv: [Errno 2] No such file or directory: 'missing.csv'"),
        (("--tune",), 2, "--tune needs a budget: --budget 1"),
        (("--csv", "a.csv", "--loads"), 2, "--csv, --traces and --loads are three places to read from; choose one"),
        (("--loads",), 2, "--loads needs the name of the pipeline: --pipeline NAME"),
    ],
)
def test_what_cannot_be_meant_is_refused(project: Project, words: tuple[str, ...], code: int, told: str) -> None:
    """The message says what to type instead."""
    result = project.tocsin("backtest", *words)

    assert result.exit_code == code
    assert told in " ".join(result.stderr.replace("\n", " ").split())


def test_what_dlt_remembers_is_lived_through(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the traces that it has left, and from the loads in the destination."""
    monkeypatch.setenv("DLT_DATA_DIR", str(project.folder / "dlt"))
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(project.folder / "data.duckdb"))
    pipelines = project.folder / "pipelines"
    pipeline = dlt.pipeline("shop", pipelines_dir=str(pipelines), destination="duckdb", dataset_name="shop")
    for number in (3, 5):
        pipeline.run([{"id": index} for index in range(number)], table_name="orders")
    (pipelines / "old.pickle").write_text("no trace")

    # The last trace of each pipeline is all that dlt keeps.
    traces = project.says("backtest", "--traces", "pipelines")
    loads = project.says("backtest", "--loads", "-p", "shop", "--destination", "duckdb", "--dataset", "shop")

    assert traces.startswith("warning: pipelines/old.pickle: UnpicklingError")
    assert "from 1 run with" in traces
    assert loads.startswith("0 alerts in ")
    assert "from 2 runs with" in loads
