"""Checks in the process of a real pipeline: run after its load, told to their owner, and never in its way."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dlt_scripts import Ended, RunScript, start, wait

pytestmark = pytest.mark.dlt_versions

_LOAD = """
    import sys
    import dlt

    @dlt.resource(
        columns={"customer_id": {"data_type": "bigint"}, "agent": {"data_type": "text"}}, write_disposition="replace"
    )
    def calls(without=()):
        for number in range(200):
            customer = None if number in without else number % 7
            yield {"id": number, "customer_id": customer, "agent": "Bearer abcdef0123456789abcdef"}

    pipeline = dlt.pipeline("support", destination=dlt.destinations.duckdb("support.duckdb"), dataset_name="data")
    """
_CHECK = """
    import tocsin

    @tocsin.check(pipeline="support", table="calls", owner="customer-support", severity="warning", sample=["id"])
    def every_call_has_a_customer(dataset):
        \"\"\"Every support call belongs to a customer.\"\"\"
        return "SELECT id, agent FROM calls WHERE customer_id IS NULL"
    """
_IN_CODE = _CHECK + _LOAD
_TWO_CHANNELS = """
[tocsin.channels.ops]
type = "file"
path = "ops.jsonl"

[tocsin.channels.customer-support]
type = "file"
path = "customer-support.jsonl"
"""


@dataclass(frozen=True)
class Project:
    """A folder in which scripts run one after the other."""

    folder: Path

    def run(self, source: str, **environment: str) -> Ended:
        """Run a script that goes well, with an engine in its process."""
        ended = wait(
            start(source, self.folder, {"TOCSIN__HANDOVER": "inline", "TOCSIN__BUDGET": "60s", **environment}),
            self.folder,
        )
        assert (ended.code, ended.err) == (0, "")
        return ended

    def configure(self, text: str) -> None:
        """Write the configuration."""
        path = self.folder / ".dlt" / "config.toml"
        path.parent.mkdir(parents=True)
        path.write_text(_TWO_CHANNELS + text)

    def messages(self, channel: str) -> list[dict[str, Any]]:
        """Return what a channel heard."""
        path = self.folder / f"{channel}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without a configuration."""
    return Project(tmp_path / "project")


def test_the_owner_of_a_check_hears_and_nobody_else(project: Project) -> None:
    """Customer support hears of calls without a customer once, and again when they are gone."""
    project.configure("")
    broken = _IN_CODE + "\n    pipeline.run(calls(without=(5, 6)))"

    project.run(broken)
    project.run(broken)
    project.run(_IN_CODE + "\n    pipeline.run(calls())")

    first, last = project.messages("customer-support")
    assert first["title"] == (
        "check every_call_has_a_customer of support: Every support call belongs to a customer: 2 of 200 rows fail (1 %)"
    )
    assert first["severity"] == "warning"
    text = first["text"]
    assert text.index("Question: Every support call belongs to a customer") < text.index("Answer: 2 of 200 rows")
    assert "Failing rows:\n    id\n    5\n    6\n" in text
    assert "WHERE\n      customer_id IS NULL" in text
    assert last["title"].startswith("check every_call_has_a_customer of support passes again after ")
    assert last["data"]["alert"]["occurrences"] == 2
    assert project.messages("ops") == []


def test_checks_of_the_configuration_and_of_files_run_too(project: Project) -> None:
    """A declared check and a file are run after the load, and what they show is redacted."""
    project.configure(
        """
        [tocsin.checks.customers_known]
        pipeline = "support"
        kind = "not_null"
        table = "calls"
        columns = ["customer_id"]
        sample = ["agent"]

        [tocsin.checks.elsewhere]
        pipeline = "orders"
        kind = "row_count"
        table = "calls"
        min = 1000
        """
    )
    (project.folder / "checks").mkdir()
    (project.folder / "checks" / "few_ids.sql").write_text("-- pipeline: support\nSELECT id FROM calls WHERE id > 190")

    project.run(_LOAD + "\n    pipeline.run(calls(without=range(10)))")

    heard = project.messages("ops")
    assert sorted(one["title"] for one in heard) == [
        "check customers_known of support: customer_id of calls is never empty: 10 of 200 rows fail (5 %)",
        "check few_ids of support: few ids: 9 rows fail",
    ]
    assert "abcdef0123456789" not in json.dumps(heard)
    assert "Bearer [secret]" in json.dumps(heard)


def test_only_what_was_loaded_is_asked(project: Project) -> None:
    """A run that loads another table, or nothing, asks nothing about the calls."""
    project.configure("")

    unnamed = _IN_CODE.replace('table="calls", ', "")
    for checked in (_IN_CODE, unnamed):
        project.run(checked + "\n    pipeline.run([{'id': 1}], table_name='customers')")
        project.run(checked + "\n    pipeline.run([], table_name='calls')")

    assert (project.messages("customer-support"), project.messages("ops")) == ([], [])

    project.run(unnamed + "\n    pipeline.run(calls(without=(5,)))")

    [heard] = project.messages("customer-support")
    assert heard["title"].endswith("Every support call belongs to a customer: 1 row fails")


def test_rows_of_the_run_are_asked_where_that_is_wanted(project: Project) -> None:
    """What an earlier run loaded is its own matter."""
    append = 'calls(without=range({})).apply_hints(write_disposition="append")'
    only = _IN_CODE.replace('sample=["id"]', "loaded_rows_only=True")

    project.configure("")
    project.run(_LOAD + f"\n    pipeline.run({append.format(3)})")
    project.run(only + f"\n    pipeline.run({append.format(1)})")

    [heard] = project.messages("customer-support")
    assert "1 of 200 rows fails" in heard["title"]


def test_a_check_that_breaks_is_told_and_the_pipeline_goes_on(project: Project) -> None:
    """The function raises, and the run has gone well."""
    project.configure("")
    broken = _IN_CODE.replace('return "SELECT', 'raise LookupError("no table of agents") #')

    ended = project.run(broken + "\n    pipeline.run(calls())\n    print('after')")

    assert ended.out == "after\n"
    [heard] = project.messages("customer-support")
    assert heard["title"] == (
        "check every_call_has_a_customer of support: could not be run: LookupError: no table of agents"
    )
    assert heard["severity"] == "error"


def test_a_query_that_hangs_does_not_hold_the_pipeline(project: Project) -> None:
    """After its time the check is told as an error, the run returns, and the program can end."""
    project.configure("")
    hanging = _IN_CODE.replace(
        "SELECT id, agent FROM calls WHERE customer_id IS NULL",
        "SELECT a.range FROM range(1000000) a, range(1000000) b, range(1000) c WHERE a.range + b.range < c.range",
    ).replace('sample=["id"]', 'timeout="1s"')

    ended = project.run(hanging + "\n    pipeline.run(calls())\n    print('after')")

    assert ended.out == "after\n"
    [heard] = project.messages("customer-support")
    assert "could not be run: no answer within 1." in heard["title"]


def test_a_signal_does_not_wait_for_checks(project: Project) -> None:
    """SIGTERM ends the program at once while a check hangs, and the run before it has gone well."""
    hanging = _IN_CODE.replace(
        "SELECT id, agent FROM calls WHERE customer_id IS NULL",
        "SELECT a.range FROM range(1000000) a, range(1000000) b, range(1000) c WHERE a.range + b.range < c.range",
    )
    process = start(hanging + "\n    pipeline.run(calls())", project.folder, {"TOCSIN__CHECK_BUDGET": "10m"})
    events = project.folder / "tocsin" / "spool"
    end = time.monotonic() + 120
    while not list(events.glob("*run.finished*")):
        assert time.monotonic() < end, "the run has not ended"
        time.sleep(0.05)

    process.terminate()

    ended = wait(process, project.folder)
    assert ended.code == -signal.SIGTERM
    assert [run.outcome.value for run in ended.ended()] == ["succeeded"]


def test_a_destination_without_sql_is_told(project: Project) -> None:
    """A check of what a function has taken cannot be run, and says so."""
    project.configure("")
    sink = _IN_CODE.replace(
        'destination=dlt.destinations.duckdb("support.duckdb"), dataset_name="data"',
        "destination=dlt.destination(lambda items, table: None, name='sink', batch_size=0)",
    )

    project.run(sink + "\n    pipeline.run(calls())")

    [heard] = project.messages("customer-support")
    assert "could not be run: SqlClientNotAvailable" in heard["title"]


def test_nothing_is_imported_where_there_are_no_checks(run_script: RunScript) -> None:
    """A pipeline without checks pays for none of their code."""
    ended = run_script(
        _LOAD
        + """
    pipeline.run(calls())
    print([name for name in sys.modules if name.startswith("tocsin.capture.checks")])
    print([name for name in ("tocsin.config.checks", "tocsin.config.check_settings") if name in sys.modules])
    """,
        same=False,
    )

    assert ended.out == "[]\n[]\n"


def test_a_program_with_checks_looks_the_same(run_script: RunScript) -> None:
    """Exit code, output and errors are those of the program without Tocsin, whatever its checks find."""
    checked = """
    try:
        import tocsin
        tocsin.check("SELECT * FROM calls WHERE customer_id IS NULL", pipeline="support", name="none", table="calls")
    except AttributeError:
        pass
    print(pipeline.run(calls(without=(1,))).has_failed_jobs)
    with pipeline.sql_client() as client:
        print(client.execute_sql("SELECT COUNT(*) FROM calls"))
    """
    run_script(_LOAD + checked)
