"""`tocsin check import`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tocsin.capture import providers
from tocsin.cli import workplace
from tocsin.cli.check_views import COLUMNS, check_row
from tocsin.cli.screen import json_option, open_screen, print_json
from tocsin.cli.sending import report
from tocsin.cli.workplace import Workplace, find_workplace, open_engine
from tocsin.core.check import CheckResult
from tocsin.core.event import Event, EventType
from tocsin.core.foreign_checks import read_results
from tocsin.core.foreign_checks.result import Source
from tocsin.core.redact import Redactor
from tocsin.documents.checks import check_document
from tocsin.errors import ConfigError


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--pipeline", metavar="NAME", default="", help="What the checks are about.  [default: as the file says]")
@click.option(
    "--manifest",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="dbt's manifest, for owners and descriptions.  [default: manifest.json beside the results]",
)
@json_option
def import_results(*, files: tuple[Path, ...], pipeline: str, manifest: Path | None, as_json: bool) -> None:
    """Take in what came of checks that another tool has run.

    Results of dbt, Soda and Great Expectations are recognized, and Tocsin's own format, which any tool can write. They
    are kept and told like checks of Tocsin's own. The same file a second time changes nothing.

    \b
    As JSON, a list of:
      pipeline, environment, check, at, run_id, kind, table, question, status (passed, failed or error),
      severity (null where it passed), failing, checked, columns, rows, sql, error, took_seconds
    """  # noqa: D301  # click reads \b as a character
    place = find_workplace()
    redact = Redactor(providers.secret_values())
    events = [_event(place, file, pipeline, manifest, redact) for file in files]
    _report(place, events)
    results = [result for event in events for result in event.checks]
    if as_json:
        print_json([check_document(result) for result in results])
    else:
        open_screen().table(COLUMNS, [check_row(result) for result in results])


def _event(place: Workplace, file: Path, pipeline: str, manifest: Path | None, redact: Redactor) -> Event:
    """Return the report of one file.

    Raises:
        ConfigError: The file cannot be read, or is in no known format.
    """
    text = _read(file)
    environment, now = place.config.environment, workplace.clock()
    beside = manifest or file.with_name("manifest.json")
    source = Source(
        file=str(file),
        environment=environment,
        at=now,
        pipeline=pipeline,
        manifest=_document(beside, _read(beside)) if manifest is not None or beside.is_file() else None,
    )
    try:
        results = read_results(_document(file, text), source)
    except ValueError as error:
        raise ConfigError(f"{file} {error}") from error
    known = hashlib.sha256(f"{environment}\0{pipeline}\0{text}".encode(errors="replace")).hexdigest()[:32]
    clean = tuple(_redacted(result, redact) for result in results)
    return Event(id=f"checks-{known}", type=EventType.CHECK_FINISHED, at=now, checks=clean)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error


def _document(file: Path, text: str) -> Mapping[str, Any]:
    try:
        document: Mapping[str, Any] = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{file} is no JSON: {error}") from error
    return document


def _redacted(result: CheckResult, redact: Redactor) -> CheckResult:
    """Return a result without secrets: a tool may put into its messages what it knows."""
    return replace(result, error=redact(result.error), message=redact(result.message), sql=redact(result.sql))


def _report(place: Workplace, events: Sequence[Event]) -> None:
    from tocsin.engine.deliver import deliver
    from tocsin.engine.ingest import ingest

    if place.config.server is not None:
        report(place.config, events)
        return
    with open_engine(place) as engine:
        ingest(engine, *events)
        deliver(engine)
