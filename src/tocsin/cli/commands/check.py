"""`tocsin check`."""

from __future__ import annotations

import importlib
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.capture import providers
from tocsin.cli import workplace
from tocsin.cli.check_import import import_results
from tocsin.cli.check_views import COLUMNS, LISTED, check_row, listed_row
from tocsin.cli.screen import json_option, open_screen, print_json
from tocsin.cli.sending import report
from tocsin.cli.workplace import Workplace, find_workplace, open_engine
from tocsin.core.check import CheckResult
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType
from tocsin.core.rules.checks import judge_check
from tocsin.core.severity import Severity
from tocsin.documents.checks import check_document
from tocsin.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from tocsin.capture.checks.in_code import AskedCheck

_modules_option = click.option(
    "--module", "modules", multiple=True, metavar="NAME", help="Module with @tocsin.check functions; once a module."
)
_pipeline_option = click.option("--pipeline", metavar="NAME", help="Only checks of this pipeline.")


@click.group("check")
def command() -> None:
    """Ask the destination whether the data are right."""


command.add_command(import_results)


@command.command("run")
@click.argument("names", nargs=-1, metavar="[NAME]…")
@_pipeline_option
@_modules_option
@click.option("--destination", metavar="NAME", help="dlt's name of it.  [default: where the pipeline loaded to]")
@click.option("--dataset", metavar="NAME", help="Beside --destination: the dataset.  [default: dlt's own]")
@click.option("--dry-run", is_flag=True, help="Tell nobody and keep nothing.")
@json_option
@click.pass_context
def run(
    context: click.Context,
    *,
    names: tuple[str, ...],
    pipeline: str | None,
    modules: tuple[str, ...],
    destination: str | None,
    dataset: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run checks of data now: those of the configuration, of the folder checks/ and of modules.

    Failures are told as after a load, unless --dry-run is given. The exit code is 1 when a check fails as an error or
    cannot be run, and 2 when one is written in a way that nobody can read, which makes it fit for CI.

    \b
    As JSON, a list of:
      pipeline, environment, check, at, run_id, kind, table, question, status (passed, failed or error),
      severity (null where it passed), failing, checked, columns, rows, sql, error, took_seconds
    """  # noqa: D301  # click reads \b as a character
    place = find_workplace()
    chosen, readable = _chosen(place, modules, pipeline, names)
    results = list(_results(place, chosen, destination, dataset))
    if not dry_run and results:
        _report(place, results)
    if as_json:
        print_json([check_document(result) for result in results])
    else:
        open_screen().table(COLUMNS, [check_row(result) for result in results])
    if any(judge_check(result, ()).severity in {Severity.ERROR, Severity.CRITICAL} for result in results):
        context.exit(1)
    if not readable:
        context.exit(2)


@command.command("list")
@_pipeline_option
@_modules_option
@json_option
def list_checks(*, pipeline: str | None, modules: tuple[str, ...], as_json: bool) -> None:
    """List the checks, and where each is written.

    \b
    As JSON, a list of all settings of each check, with its name, pipeline and origin.
    """  # noqa: D301  # click reads \b as a character
    chosen, _ = _chosen(find_workplace(), modules, pipeline, ())
    if as_json:
        print_json([encode(one.check) for one in chosen])
    else:
        open_screen().table(LISTED, [listed_row(one.check) for one in chosen])


def _chosen(
    place: Workplace, modules: Sequence[str], pipeline: str | None, names: Sequence[str]
) -> tuple[Sequence[AskedCheck], bool]:
    """Return the checks that are asked for, and whether all that are written can be read; what cannot is said.

    Raises:
        ConfigError: A module cannot be imported.
        NotFound: There is no such check.
    """
    from tocsin.capture.checks.of_pipeline import all_checks

    for module in modules:
        _import(module)
    written, problems = all_checks(place.config)
    for problem in problems:
        click.echo(f"left out: {problem}", err=True)
    known = [one for one in written if pipeline in {None, one.check.pipeline}]
    there = {one.check.name for one in known}
    if missing := [name for name in names if name not in there]:
        raise NotFound(f"there is no check {missing[0]!r}; there are: {', '.join(sorted(there)) or 'none'}")
    if not known:
        of = f" of pipeline {pipeline!r}" if pipeline else ""
        raise NotFound(
            f"there is no check{of}: write [tocsin.checks.NAME] in .dlt/config.toml, a file checks/NAME.sql, or name "
            "the module that holds them with --module NAME"
        )
    return [one for one in known if not names or one.check.name in names], not problems


def _import(module: str) -> None:
    # A module beside the configuration is found as `python script.py` would find it.
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        importlib.import_module(module)
    except Exception as error:
        raise ConfigError(f"--module {module} cannot be imported: {type(error).__name__}: {error}") from error


def _results(
    place: Workplace, checks: Sequence[AskedCheck], destination: str | None, dataset: str | None
) -> Iterator[CheckResult]:
    from tocsin.capture.checks.attached import attached
    from tocsin.capture.checks.of_pipeline import run_checks
    from tocsin.core.redact import Redactor

    for name in dict.fromkeys(one.check.pipeline for one in checks):
        with attached(name, destination=destination, dataset=dataset) as pipeline:
            mine = [one for one in checks if one.check.pipeline == name]
            order = [one.check.name for one in mine]
            # They come as they end; people look for them where they were before.
            redact = Redactor(providers.secret_values())
            found = run_checks(mine, pipeline, place.config, now=workplace.clock(), redact=redact)
            yield from sorted(found, key=lambda result: order.index(result.check.name))


def _report(place: Workplace, results: Sequence[CheckResult]) -> None:
    from tocsin.engine.checks import take_checks
    from tocsin.engine.deliver import deliver

    if place.config.server is not None:
        at = max(result.at for result in results)
        report(place.config, [Event(id=uuid.uuid4().hex, type=EventType.CHECK_FINISHED, at=at, checks=tuple(results))])
        return
    with open_engine(place) as engine:
        with engine.store.writing() as tx:
            take_checks(engine, tx, results, None)
        deliver(engine)
