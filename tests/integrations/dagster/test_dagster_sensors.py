"""What Dagster's sensors tell: of what no process could tell, and no second time of what one has told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrated import Project

JOBS = """
import os, signal, sys

import dlt
from dagster import (
    AssetExecutionContext, AssetKey, DagsterInstance, Definitions, asset, build_sensor_context, define_asset_job,
    in_process_executor, job, op,
)
from dagster_dlt import DagsterDltResource, dlt_assets
from tocsin.integrations.dagster import tocsin_on_failure, tocsin_sensors

@op
def start(): ...

@op
def die(start): os.kill(os.getpid(), signal.SIGKILL)

@op
def end(die): ...

@job
def deadly(): end(die(start()))

@op
def refuse(): raise PermissionError("401 Client Error: Unauthorized for url: https://shop.example.com/prices")

@job
def plain(): end(refuse())

@op
def hooked(): raise ValueError("told by the hook")

@job(hooks={tocsin_on_failure})
def with_hook(): hooked()

@dlt.source
def shop():
    @dlt.resource
    def orders():
        if os.path.exists("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        if not os.path.exists("mended"):
            raise ValueError("told by the plugin")
        yield {"id": 1}
    return orders

@dlt_assets(dlt_source=shop(), dlt_pipeline=dlt.pipeline("orders", destination="duckdb", dataset_name="d"), name="load")
def load(context: AssetExecutionContext, dlt: DagsterDltResource):
    yield from dlt.run(context=context)
    if os.path.exists("broken_after"):
        raise RuntimeError("after the load")

@asset(deps=[AssetKey("dlt_shop_orders")])
def revenue(): ...

assets = define_asset_job("assets")

@op
def if_mended():
    if not os.path.exists("mended"):
        raise ValueError("not mended")

@job(executor_def=in_process_executor)
def good():
    if_mended()

defs = Definitions(
    assets=[load, revenue], jobs=[deadly, plain, with_hook, assets, good], sensors=tocsin_sensors(),
    resources={"dlt": DagsterDltResource()},
)

if __name__ == "__main__":
    # As Dagster's daemon does it, but at once and not every half minute.
    repository, instance = defs.get_repository_def(), DagsterInstance.get()
    if sys.argv[1:] == ["never begins"]:
        instance.report_run_failed(instance.create_run_for_job(plain), "the launcher found no room for it")
    for sensor in tocsin_sensors():
        kept = f"{sensor.name}.cursor"
        cursor = open(kept).read() if os.path.exists(kept) else None
        context = build_sensor_context(
            instance=instance, cursor=cursor, repository_def=repository, sensor_name=sensor.name
        )
        with context:
            evaluated = sensor.evaluate_tick(context)
        for reaction in evaluated.dagster_run_reactions:
            assert reaction.error is None, reaction.error
        open(kept, "w").write(evaluated.cursor)
"""


class Shop(Project):
    """Runs jobs, and lets the sensors look."""

    def execute(self, job: str) -> str:
        """Run a job and let the sensors look; return the id of its run."""
        log = self.run("dagster", "job", "execute", "-f", "jobs.py", "-j", job).stderr
        self.look()
        return next(line.split(" - ")[4] for line in log.splitlines() if "RUN_START" in line)

    def look(self) -> None:
        """Let the sensors look at what has happened since they looked last."""
        looked = self.run("python", "jobs.py")
        assert looked.returncode == 0, looked.stderr

    def runs(self) -> dict[str, list[str]]:
        """Return the outcomes of all runs by their pipelines, newest first."""
        listed = json.loads(self.run("tocsin", "runs", "--json").stdout)
        found: dict[str, list[str]] = {}
        for run in listed["runs"] if isinstance(listed, dict) else listed:
            found.setdefault(run["pipeline"], []).append(run["outcome"])
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Give a shop whose sensors have looked once: what was before does not count."""
    (tmp_path / "dagster").mkdir()
    settings = {"DAGSTER_HOME": str(tmp_path / "dagster"), "TOCSIN__DAGSTER_URL": "http://localhost:3000"}
    shop = Shop(tmp_path, JOBS, **settings)
    shop.look()
    return shop


def test_an_op_that_died_is_told_with_its_signal_and_its_run(shop: Shop) -> None:
    """Its process could not tell anything, and what comes after it is blocked."""
    run_id = shop.execute("deadly")
    told = shop.message("deadly.die died")
    assert told["severity"] == "critical"
    assert "the process was killed (SIGKILL)" in told["text"]
    assert "blocks deadly.end" in told["text"]
    assert told["links"] == [{"label": "Dagster run", "url": f"http://localhost:3000/runs/{run_id}"}]
    assert shop.titles() == ["deadly.die died"]
    assert shop.runs() == {"deadly.end": ["blocked"], "deadly.die": ["died"], "deadly.start": ["succeeded"]}


def test_an_op_without_a_hook_is_told_with_its_cause_by_what_dagster_has_kept(shop: Shop) -> None:
    """Of the exception there are its texts only, and they are enough to know what to do."""
    shop.execute("plain")
    told = shop.message("plain.refuse failed")
    assert "401 Client Error: Unauthorized for url: https://shop.example.com/prices" in told["text"]
    assert "jobs.py" in told["text"]


def test_what_hook_and_plugin_have_told_is_not_told_again(shop: Shop) -> None:
    """Each failure is one message, whoever else looks at it."""
    shop.execute("with_hook")
    shop.execute("assets")
    assert shop.titles() == ["with_hook.hooked failed", "orders failed"]
    assert shop.runs()["revenue"] == ["blocked"]


def test_a_run_that_never_began_is_told_of_its_first_op(shop: Shop) -> None:
    """What could not be launched has no process and no event of a step."""
    shop.run("python", "jobs.py", "never begins")
    told = shop.message("plain.refuse failed")
    assert "the launcher found no room for it" in told["text"]
    assert "blocks plain.end" in told["text"]


def test_a_pipeline_that_was_killed_is_told_once(shop: Shop) -> None:
    """Its companion sees the end at once, and the sensor later."""
    (shop.folder / "die").touch()
    shop.execute("assets")
    shop.message("orders died")
    shop.look()
    assert shop.titles() == ["orders died"]


def test_what_fails_after_the_load_is_about_the_pipeline_and_ends_with_a_good_run(shop: Shop) -> None:
    """The load went well, so nobody but the sensor can tell."""
    (shop.folder / "mended").touch()
    (shop.folder / "broken_after").touch()
    shop.execute("assets")
    assert "after the load" in shop.message("orders failed")["text"]
    (shop.folder / "broken_after").unlink()
    shop.execute("assets")
    assert shop.message("orders recovered")


def test_a_success_ends_what_a_sensor_has_told(shop: Shop) -> None:
    """Without hooks it is a sensor as well that sees the success."""
    shop.execute("good")
    shop.message("good.if_mended failed")
    (shop.folder / "mended").touch()
    shop.execute("good")
    assert shop.message("good.if_mended recovered")
