"""Pipelines that fail, each in its own way, and what `explain` makes of it: run as a program, it writes one JSON file.

Usage: failing_pipelines.py FOLDER OUTPUT. The folder takes databases and locks; dlt's own folders come from the
environment.
"""

# ruff: noqa: D102, D103 - the name of a case says what goes wrong in it

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dlt
import requests
import tenacity
from dlt.common.destination.exceptions import DestinationTerminalException
from dlt.common.pipeline import SupportsPipeline
from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.rest_api import rest_api_source
from dlt.sources.sql_database import sql_table

from tocsin.core.explain import RunFacts, explain, reason_key, summary

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
TOKEN = "t0ken-in-a-query"
NOTHING: dict[str, str] = {}
ROW_VALUE = "someone@example.org"
CASES: dict[str, Callable[[], object]] = {}


def case(function: Callable[[], object]) -> Callable[[], object]:
    CASES[function.__name__] = function
    return function


class Server(BaseHTTPRequestHandler):
    """Answers with the status in the path; /hangup closes without an answer."""

    def do_GET(self) -> None:
        name = self.path.strip("/").partition("?")[0]
        if name == "hangup":
            self.connection.close()
            return
        self.send_response(int(name))
        if name == "429":
            self.send_header("Retry-After", "30")
        self.end_headers()
        self.wfile.write(b'{"error": "no"}')

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


SERVER = ThreadingHTTPServer(("127.0.0.1", 0), Server)
HTTP = f"http://127.0.0.1:{SERVER.server_port}"


def pipeline(name: str, destination: Any = None) -> dlt.Pipeline:
    destination = destination or dlt.destinations.duckdb(str(FOLDER / f"{name}.duckdb"))
    return dlt.pipeline(name, destination=destination, dataset_name="data")


def extract(fetch: Callable[[], Any]) -> object:
    """Run a resource `orders` that yields what `fetch` returns."""

    @dlt.resource(name="orders")
    def orders() -> Iterator[Any]:
        yield fetch()

    return pipeline("fetching").run(orders())


def load(name: str, rows: list[dict[str, Any]], **hints: Any) -> object:
    """Run a resource `orders` of `rows`, with hints of dlt.resource."""
    return pipeline(name).run(dlt.resource(rows, name="orders", **hints))


def get(url: str, **arguments: Any) -> Any:
    answer = requests.get(url, params={"api_key": TOKEN}, timeout=arguments.get("timeout", 30))
    answer.raise_for_status()
    return answer.json()


def closed_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@case
def status_500() -> object:
    return extract(lambda: get(f"{HTTP}/500"))


@case
def status_503() -> object:
    return extract(lambda: get(f"{HTTP}/503"))


@case
def status_429_by_dlt_requests() -> object:
    return extract(lambda: Client(request_max_attempts=1).get(f"{HTTP}/429", params={"api_key": TOKEN}))


@case
def status_401_by_rest_client() -> object:
    return extract(lambda: list(RESTClient(HTTP).paginate("/401")))


@case
def status_403_by_rest_api() -> object:
    resources = [{"name": "orders", "endpoint": {"path": "403", "params": {"api_key": TOKEN}}}]
    return pipeline("rest").run(rest_api_source({"client": {"base_url": HTTP}, "resources": resources}))  # type: ignore[typeddict-item]


@case
def status_404_by_urllib() -> object:
    return extract(lambda: urllib.request.urlopen(f"{HTTP}/404?api_key={TOKEN}").read())  # noqa: S310


@case
def refused() -> object:
    return extract(lambda: get(f"http://127.0.0.1:{closed_port()}/orders"))


@case
def no_such_host() -> object:
    return extract(lambda: get("http://no-such-host.invalid/orders"))


@case
def no_such_host_by_urllib() -> object:
    return extract(lambda: urllib.request.urlopen("http://no-such-host.invalid/orders"))


@case
def no_answer_in_time() -> object:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        return extract(lambda: get(f"http://127.0.0.1:{silent.getsockname()[1]}/orders", timeout=0.2))


@case
def no_tls() -> object:
    return extract(lambda: get(f"https://127.0.0.1:{SERVER.server_port}/orders"))


@case
def hung_up() -> object:
    return extract(lambda: get(f"{HTTP}/hangup"))


@case
def no_json() -> object:
    return extract(lambda: requests.get(f"{HTTP}/204", timeout=30).json())


@case
def key_error() -> object:
    return extract(lambda: NOTHING["customer"])


@case
def own_words_over_a_key_error() -> object:
    def fetch() -> None:
        try:
            NOTHING["customer"]
        except KeyError as error:
            raise RuntimeError("the API no longer sends customers") from error

    return extract(fetch)


@case
def own_error_over_an_answer() -> object:
    def fetch() -> Any:
        try:
            return get(f"{HTTP}/503")
        except requests.HTTPError as error:
            raise RuntimeError("cannot read orders") from error

    return extract(fetch)


@case
def from_none() -> object:
    def fetch() -> Any:
        try:
            return get(f"{HTTP}/503")
        except requests.HTTPError:
            raise RuntimeError("orders are closed on Sundays") from None

    return extract(fetch)


@case
def gave_up_by_tenacity() -> object:
    fetch = tenacity.retry(stop=tenacity.stop_after_attempt(2))(lambda: get(f"{HTTP}/503"))
    return extract(fetch)


@case
def group() -> object:
    def fetch() -> None:
        raise ExceptionGroup("workers", [ValueError("first page"), OSError("second page")])

    return extract(fetch)


@case
def no_module() -> object:
    return extract(lambda: __import__("no_such_package.api"))


@case
def keyboard() -> object:
    def fetch() -> None:
        raise KeyboardInterrupt

    return extract(fetch)


@case
def exit_code() -> object:
    return extract(lambda: sys.exit(3))


@case
def source_table_missing() -> object:
    return pipeline("sql").run(sql_table(f"sqlite:///{FOLDER / 'source.db'}", "orders", reflection_level="minimal"))


@case
def not_serializable() -> object:
    return load("objects", [{"id": 1, "what": object()}])


@case
def new_column() -> object:
    load("columns", [{"id": 1}])
    return load("columns", [{"id": 2, "mail": ROW_VALUE}], schema_contract={"columns": "freeze"})


@case
def new_table() -> object:
    load("tables", [{"id": 1}])
    return load("tables", [{"id": 2, "lines": [{"mail": ROW_VALUE}]}], schema_contract={"tables": "freeze"})


@case
def other_type() -> object:
    columns = {"amount": {"data_type": "bigint"}}
    return load("types", [{"amount": ROW_VALUE}], columns=columns, schema_contract={"data_type": "freeze"})


@case
def new_column_in_a_worker() -> object:
    load("pool", [{"id": 1}])
    os.environ["NORMALIZE__WORKERS"] = "2"
    try:
        return load("pool", [{"id": 2, "mail": ROW_VALUE}], schema_contract={"columns": "freeze"})
    finally:
        del os.environ["NORMALIZE__WORKERS"]


@case
def null_in_not_nullable() -> object:
    return load("nulls", [{"id": 1, "amount": None}], columns={"amount": {"data_type": "bigint", "nullable": False}})


@case
def no_primary_key() -> object:
    return load("keys", [{"id": 1}], primary_key="order_id")


@case
def no_cursor() -> object:
    return load("cursor", [{"id": 1, "mail": ROW_VALUE}], incremental=dlt.sources.incremental("updated_at"))


@dlt.source
def shop(api_key: str = dlt.secrets.value) -> Any:
    return dlt.resource([{"key": api_key}], name="orders")


@case
def no_secret() -> object:
    return pipeline("secretless").run(shop())


@case
def no_destination_credentials() -> object:
    return pipeline("loginless", dlt.destinations.postgres()).run([{"id": 1}], table_name="orders")


@case
def bad_destination_driver() -> object:
    destination = dlt.destinations.mssql("mssql://loader:pw@127.0.0.1/dwh?driver=none")
    return pipeline("misconfigured", destination).run([{"id": 1}], table_name="orders")


@case
def unknown_destination() -> object:
    return pipeline("lost", "no_such_destination").run([{"id": 1}], table_name="orders")


@case
def no_folder() -> object:
    destination = dlt.destinations.duckdb(str(FOLDER / "no" / "such" / "folder" / "dwh.duckdb"))
    return pipeline("homeless", destination).run([{"id": 1}], table_name="orders")


@case
def locked_database() -> object:
    database = str(FOLDER / "locked.duckdb")
    program = f"import duckdb, sys; c = duckdb.connect({database!r}); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        other.stdout.readline()
        try:
            return load("locked", [{"id": 1}])
        finally:
            other.communicate()


def changed_behind_dlt(name: str, statement: str, rows: list[dict[str, Any]]) -> object:
    load(name, [{"id": 1}])
    with pipeline(name).sql_client() as client:
        client.execute_sql(statement)
    return load(name, rows)


@case
def dropped_table() -> object:
    return changed_behind_dlt("dropped", "DROP TABLE orders", [{"id": 2}])


@case
def duplicate_key() -> object:
    return changed_behind_dlt("duplicate", "CREATE UNIQUE INDEX u ON orders (id)", [{"id": 1}])


@case
def out_of_range() -> object:
    return changed_behind_dlt("narrow", "ALTER TABLE orders ALTER COLUMN id TYPE INTEGER", [{"id": 987_654_321_987}])


def sink(error: Exception) -> Any:
    @dlt.destination(name="sink", batch_size=1)
    def sink(_items: Any, _table: Any) -> None:
        raise error

    return sink


@case
def load_job_retried() -> object:
    return pipeline("retried", sink(ValueError("the sink is broken"))).run([{"id": 1}], table_name="orders")


@case
def load_job_terminal() -> object:
    destination = sink(DestinationTerminalException("the sink is gone"))
    return pipeline("terminal", destination).run([{"id": 1}], table_name="orders")


@case
def load_package_aborted() -> object:
    os.environ["LOAD__AUTO_ABORT_ON_TERMINAL_ERROR"] = "true"
    try:
        destination = sink(DestinationTerminalException("the sink is gone"))
        return pipeline("aborted", destination).run([{"id": 1}], table_name="orders")
    finally:
        del os.environ["LOAD__AUTO_ABORT_ON_TERMINAL_ERROR"]


def told(name: str) -> dict[str, Any]:
    try:
        CASES[name]()
    except BaseException as error:  # noqa: BLE001 - interruptions are cases, too
        facts = facts_of(getattr(error, "pipeline", None))
        cause = explain(error, redact=str, facts=facts)
        return {"cause": asdict(cause), "summary": summary(cause), "key": reason_key(cause)}
    raise AssertionError(f"{name} did not fail")


def facts_of(failed: SupportsPipeline | None) -> RunFacts:
    if not isinstance(failed, dlt.Pipeline):
        return RunFacts(pipeline="unknown")
    waiting = [*failed.list_extracted_load_packages(), *failed.list_normalized_load_packages()]
    kind = failed.destination.destination_name if failed.destination else None
    return RunFacts(pipeline=failed.pipeline_name, pending_packages=tuple(waiting), destination=kind)


def follow_the_hint() -> dict[str, Any]:
    """Mend the code of `new_column`, then do what the hint said: does the pipeline run before and after?"""

    def runs() -> bool:
        try:
            load("columns", [{"id": 3, "mail": "x"}], schema_contract={"columns": "evolve"})
        except Exception:  # noqa: BLE001 - the question is whether
            return False
        return True

    before = runs()
    hint = explain_again()
    command = hint[hint.rindex("`dlt ") + 1 : hint.rindex("`")]
    program = [str(Path(sys.executable).parent / "dlt"), "-y", *shlex.split(command)[1:]]
    done = subprocess.run(program, check=False, capture_output=True, text=True)
    return {"before": before, "command": command, "exit": done.returncode, "after": runs()}


def explain_again() -> str:
    return str(told("new_column")["cause"]["hint"])


if __name__ == "__main__":
    threading.Thread(target=SERVER.serve_forever, daemon=True).start()
    results: dict[str, Any] = {name: told(name) for name in CASES}
    results["again"] = told("status_503")
    results["hint"] = follow_the_hint()
    Path(sys.argv[2]).write_text(json.dumps(results))
