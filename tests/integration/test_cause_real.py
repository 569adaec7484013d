"""What is said about failures of real dlt pipelines, against real servers, DuckDB and SQLite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_PROGRAM = Path(__file__).with_name("failing_pipelines.py")
#: The whole program takes a minute on a slow machine.
_PATIENCE = 300

# case: class, exception, transient, words of the summary, words of the hint
_EXPECTED: dict[str, tuple[str, str, bool, str, str]] = {
    "status_500": ("server_error", "HTTPError", True, "500 Internal Server Error from 127.0.0.1", "Not your fault"),
    "status_503": ("server_error", "HTTPError", True, "extract of orders failed: 503 Service Unav", "status page"),
    "status_429_by_dlt_requests": ("rate_limit", "HTTPError", True, "429 Too Many Requests", "asks to wait 30 seconds"),
    "status_401_by_rest_client": ("credentials", "HTTPError", False, "401 Unauthorized", "key or token of orders"),
    "status_403_by_rest_api": ("credentials", "HTTPError", False, "403 Forbidden", "ask for the right"),
    "status_404_by_urllib": ("configuration", "HTTPError", False, "404 Not Found", "does not know this path"),
    "refused": ("network", "ConnectionError", True, "Connection refused (127.0.0.1:", "Nothing listens at 127.0.0.1:"),
    "no_such_host": ("network", "ConnectionError", True, "no-such-host.invalid", "cannot be resolved"),
    "no_such_host_by_urllib": ("network", "URLError", True, "failed: [Errno -", "cannot be resolved"),
    "no_answer_in_time": ("network", "ReadTimeout", True, "timed out (127.0.0.1:", "did not answer in time"),
    "no_tls": ("network", "SSLError", False, "[SSL:", "No trusted TLS connection"),
    "hung_up": ("network", "ConnectionError", True, "closed connection", "closed the connection in the middle"),
    "no_json": ("data", "JSONDecodeError", False, "Expecting value", "something else than JSON"),
    "key_error": (
        "code",
        "KeyError",
        False,
        "KeyError: 'customer' at failing_pipelines.py:",
        "look at failing_pipelines",
    ),
    # A bare KeyError says less than the words of the code around it.
    "own_words_over_a_key_error": ("code", "RuntimeError", False, "no longer sends customers", "look at failing_"),
    "own_error_over_an_answer": ("server_error", "HTTPError", True, "503 Service Unavailable", "status page"),
    # The author of the code has cut the chain.
    "from_none": ("code", "RuntimeError", False, "orders are closed on Sundays", "look at failing_pipelines.py"),
    "gave_up_by_tenacity": ("server_error", "HTTPError", True, "503 Service Unavailable", "status page"),
    "group": ("code", "ValueError", False, "first of 2 errors: first page", "look at failing_pipelines.py"),
    "no_module": ("configuration", "ModuleNotFoundError", False, "no_such_package", "`pip install no_such_package`"),
    "keyboard": (
        "interrupted",
        "KeyboardInterrupt",
        True,
        "extract was interrupted",
        "extracted again at the next run",
    ),
    "exit_code": ("interrupted", "SystemExit", False, "sys.exit(3)", "raise an exception instead"),
    "source_table_missing": ("configuration", "NoSuchTableError", False, "orders", "The source has no such table"),
    "not_serializable": ("code", "TypeError", False, "not JSON serializable", "look at failing_pipelines.py"),
    "new_column": (
        "schema_contract",
        "DataValidationError",
        False,
        'normalize of orders failed: column "mail" of table orders breaks the schema contract (freeze)',
        'schema_contract={"columns": "evolve"}',
    ),
    "new_table": ("schema_contract", "DataValidationError", False, "new table orders__lines", '{"tables": "evolve"}'),
    "other_type": (
        "schema_contract",
        "DataValidationError",
        False,
        'text in column "amount" of table orders breaks the schema contract (freeze)',
        "column amount of table orders, a bigint, got a value of another type (text)",
    ),
    # Of an exception in a worker process only dlt's sentence arrives.
    "new_column_in_a_worker": (
        "schema_contract",
        "NormalizeJobFailed",
        False,
        'column "mail" of table orders breaks the schema contract (freeze)',
        'schema_contract={"columns": "evolve"}',
    ),
    "null_in_not_nullable": (
        "data",
        "CannotCoerceNullException",
        False,
        "Cannot coerce NULL",
        "column amount of table",
    ),
    "no_primary_key": ("data", "UnboundColumnException", False, "order_id", "No row has column order_id"),
    "no_cursor": ("data", "IncrementalCursorPathMissing", False, "updated_at", 'on_cursor_value_missing="include"'),
    "no_secret": (
        "configuration",
        "ConfigFieldMissingException",
        False,
        "missing api_key of ShopConfiguration; dlt looked in: Environment Variables",
        "SHOP__API_KEY in the environment, or api_key under [sources.failing_pipelines.shop] in .dlt/secrets.toml.",
    ),
    "no_destination_credentials": (
        "configuration",
        "ConfigFieldMissingException",
        False,
        "sync failed: missing credentials.database, credentials.password",
        "under [destination.postgres.credentials] in .dlt/secrets.toml",
    ),
    "bad_destination_driver": ("configuration", "SystemConfigurationException", False, "driver", "Correct the value"),
    "unknown_destination": ("configuration", "UnknownDestinationModule", False, "'no_such_dest", "correct the name"),
    "no_folder": ("configuration", "IOException", False, "Cannot open file", "exists and may be opened"),
    "locked_database": ("destination", "IOException", True, "Could not set lock", "Another process has the database"),
    "dropped_table": ("destination", "CatalogException", False, "does not exist", 'refresh="drop_resources"'),
    "duplicate_key": ("data", "ConstraintException", False, "Duplicate key (…)", 'write_disposition="merge"'),
    "out_of_range": ("data", "ConversionException", False, "with value (…)", "widen the type"),
    "load_job_retried": ("code", "ValueError", False, "load of orders failed: ValueError", "look at failing_pipelines"),
    "load_job_terminal": ("destination", "DestinationTerminalException", False, "the sink is gone", "load-package 1"),
    "load_package_aborted": (
        "destination",
        "DestinationTerminalException",
        False,
        "the sink is gone",
        "load-package 1",
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `explain` said, by case; all pipelines ran in one process of their own."""
    folder = tmp_path_factory.mktemp("failing")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DLT_DATA_DIR": str(folder / "dlt"),
        "DLT_DISABLE_PLUGINS": "true",
        "LOAD__RAISE_ON_MAX_RETRIES": "1",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
    }
    output = folder / "told.json"
    program = [sys.executable, str(_PROGRAM), str(folder), str(output)]
    done = subprocess.run(
        program, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=_PATIENCE
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(output.read_text())
    return answers


@pytest.mark.parametrize("case", _EXPECTED)
def test_failures_of_real_pipelines_are_told_apart(case: str, told: dict[str, Any]) -> None:
    """Each failure has its class, its root exception, a title that names it and a hint that helps."""
    cause_class, exception, transient, title, hint = _EXPECTED[case]
    cause = told[case]["cause"]
    assert (cause["cause_class"], cause["exception"].rpartition(".")[2]) == (cause_class, exception)
    assert cause["transient"] is transient
    assert title in told[case]["summary"]
    assert hint in cause["hint"]


def test_every_case_is_expected(told: dict[str, Any]) -> None:
    """A pipeline that is added to the program cannot be forgotten here."""
    assert set(told) - {"again", "hint"} == set(_EXPECTED)


@pytest.mark.parametrize("case", _EXPECTED)
def test_no_token_and_no_row_leaves(case: str, told: dict[str, Any]) -> None:
    """Tokens in queries and values of rows are in no part of a cause, even where the redactor knows neither."""
    everything = json.dumps(told[case])
    assert "t0ken-in-a-query" not in everything
    assert "someone@example.org" not in everything
    assert "987654321987" not in everything


def test_where_it_happened(told: dict[str, Any]) -> None:
    """Step, resource, table, job and load id come from dlt's wrappers around the root."""
    fetched = told["status_503"]["cause"]
    assert (fetched["step"], fetched["resource"], fetched["status"]) == ("extract", "orders", 503)
    assert fetched["chain"] == ["PipelineStepFailed", "ResourceExtractionError", "HTTPError"]
    assert fetched["location"].endswith(" in get")
    assert fetched["url"].endswith("/503")
    loaded = told["duplicate_key"]["cause"]
    assert (loaded["step"], loaded["table"]) == ("load", "orders")
    assert loaded["job"].startswith("orders.")
    assert loaded["load_id"] in loaded["hint"]


def test_the_traceback_ends_with_the_root(told: dict[str, Any]) -> None:
    """The end of the traceback shows the user's own line and the root exception, not dlt's advice around it."""
    traceback = told["key_error"]["cause"]["traceback"]
    assert traceback.endswith("KeyError: 'customer'")
    assert "failing_pipelines.py" in traceback
    assert all(len(answer["cause"]["traceback"]) <= 6_000 for name, answer in told.items() if name != "hint")


def test_the_same_failure_has_the_same_reason(told: dict[str, Any]) -> None:
    """A second 503 has the key of the first one, and a 500 has another."""
    assert told["again"]["key"] == told["status_503"]["key"]
    keys = [told[case]["key"] for case in _EXPECTED if case not in {"own_error_over_an_answer", "gave_up_by_tenacity"}]
    twins = {"load_job_terminal", "load_package_aborted"}
    assert len(set(keys)) == len(keys) - len(twins) + 1


def test_the_command_in_the_hint_frees_the_pipeline(told: dict[str, Any]) -> None:
    """After a broken contract mended code alone fails again; after the command of the hint it runs."""
    assert told["hint"] == {"before": False, "command": "dlt pipeline columns abort-packages", "exit": 0, "after": True}
