"""`tocsin demo`."""

from __future__ import annotations

import importlib.util
import sys

import click


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep the folder with the scripts and everything they left behind.")
def command(*, keep: bool) -> None:
    """Show what alerts look like: real dlt pipelines fail, hang, come late or never start.

    A local receiver gets the messages. Nothing of your configuration is used or changed, and nothing leaves this
    machine. Exits with 0 if every expected message came and no other, else with 1.
    """
    missing = [name for name in ("dlt", "duckdb") if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"the demo runs real dlt pipelines on DuckDB, but {' and '.join(missing)} cannot be imported here. "
            'Type: pip install "dlt[duckdb]"'
        )
    from tocsin.cli.demo.performance import perform

    sys.exit(0 if perform(keep=keep) else 1)
