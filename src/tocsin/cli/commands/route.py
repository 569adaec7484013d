"""`tocsin route`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from tocsin.cli.screen import json_option, open_screen, print_json
from tocsin.cli.times import read_moment
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.finding import Kind
from tocsin.core.severity import Severity
from tocsin.documents.channels import channel_views

if TYPE_CHECKING:
    from tocsin.core.labels import Labels

_KINDS = [kind.value for kind in Kind if kind not in {Kind.RECOVERED, Kind.CHANNEL}]

_TIMES = '"18:00", "2026-11-24 03:00" in the zone of this machine, or "mon 03:00 Europe/Berlin"'


@click.group("route")
def command() -> None:
    """Explain who would hear of a problem, when, and why nobody else does."""


@command.command("explain")
@click.option("--pipeline", metavar="NAME", help="The pipeline that has the problem.")
@click.option("--channel", metavar="NAME", help="In place of a pipeline: the channel that cannot deliver.")
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    metavar="KIND",
    help="What has happened: failed, died, late, not_started, stuck …  [default: failed]",
)
@click.option(
    "--severity", type=click.Choice([each.value for each in Severity]), help="How bad it is.  [default: by the kind]"
)
@click.option("--owner", metavar="NAME", help="Who acts.  [default: the owner of the pipeline]")
@click.option("--table", metavar="NAME", help="The table that it is about.")
@click.option("--check", metavar="NAME", help="The check that found it.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Once a tag.  [default: those of the pipeline]")
@click.option("--environment", metavar="NAME", help="Where it happens.  [default: the configured one]")
@click.option("--at", metavar="TIME", help=f"When it happens: {_TIMES}.  [default: now]")
@json_option
def explain(*, at: str | None, tags: tuple[str, ...], as_json: bool, **given: str | None) -> None:
    """Tell who would hear of a problem, when, by which route, and why nobody else.

    Routes, owners, hours, groups, escalation, silences and maintenance decide as they would at that time. Nobody
    acknowledges the problem, and it does not end. Nothing is sent and nothing is changed.

    \b
    As JSON:
      at, labels, routes (name and conditions of those it takes), fallback (they lead nowhere)
      heard    a list of channel, state (as in tocsin channel list), route, reason, at, waits_seconds (for
               others of its group), group, muted (what came before), repeat_every_seconds
      unheard  a list of channel, state and why (a list of sentences)
    """  # noqa: D301  # click reads \b as a character
    from tocsin.cli.route_views import show_explanation
    from tocsin.documents.explanation import explanation_document
    from tocsin.engine.explain_route import explain as explain_route

    if (given["pipeline"] is None) is (given["channel"] is None):
        raise click.UsageError("say what has the problem: --pipeline NAME, or --channel NAME")
    labels: Labels = {name: value for name, value in given.items() if value is not None}
    place = find_workplace()
    with open_engine(place) as engine, engine.store.reading() as tx:
        when = _moment(at, place.config.timezone, engine.clock()) if at is not None else engine.clock()
        names = [channel.name for channel in place.config.channels]
        found = explain_route(engine, names, {**labels, "tags": tags} if tags else labels, when, tx.silences(when))
        states = {view.name: view for view in channel_views(engine, tx)}
    if as_json:
        print_json(explanation_document(found, states))
    else:
        show_explanation(open_screen(), found, states)


def _moment(text: str, zone: str, now: datetime) -> datetime:
    """Return the moment that `--at` names.

    Raises:
        UsageError: It is none.
    """
    from tocsin.core.named_moment import next_moment, parse_moment

    if not text[:1].isalpha():
        return read_moment(text, "--at", now)
    try:
        return next_moment(parse_moment(text, zone=zone), now)
    except ValueError as error:
        raise click.UsageError(f"--at {error}") from error
