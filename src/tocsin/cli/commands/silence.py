"""`tocsin silence`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from tocsin.cli.acting import by_option, login
from tocsin.cli.conditions import conditions_argument
from tocsin.cli.screen import json_option, open_screen, print_json
from tocsin.cli.silence_views import COLUMNS, named, show_preview, silence_row
from tocsin.cli.times import end_of, length_options, read_moment
from tocsin.cli.wording import short
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.message import Tone
from tocsin.core.phrases import stamp
from tocsin.documents.silences import preview_document, silence_document

if TYPE_CHECKING:
    from tocsin.core.matchers import Matcher

_WEEK = timedelta(days=7)


@click.group("silence")
def command() -> None:
    """Mute what fits conditions for a while, or see what that would mute."""


@command.command("add")
@conditions_argument
@length_options
@click.option("--from", "start", metavar="TIME", help="When it begins, written as for --until.  [default: now]")
@click.option("--reason", required=True, metavar="TEXT", help="Why; whoever asks why nobody was told reads it.")
@click.option("--author", default=login, metavar="NAME", help="Who mutes.  [default: your login name]")
@click.option("--everything", is_flag=True, help="Mute everything although no condition limits it.")
def add(
    *,
    conditions: tuple[Matcher, ...],
    length: str | None,
    until: str | None,
    start: str | None,
    reason: str,
    author: str,
    everything: bool,
) -> None:
    """Mute what fulfils every CONDITION.

    A condition is for example pipeline=orders or 'severity=~"warning|error"'. Alerts that fit are kept and shown, and
    nobody is told of them; who was told of a problem before still hears of its end. The silence is on disk when the
    command returns. When it ends, what is still open is said.
    """
    from tocsin.engine.silences import add_silence, open_alerts_that_fit

    with open_engine(find_workplace()) as engine:
        now = engine.clock()
        starts_at = read_moment(start, "--from", now) if start is not None else now
        ends_at = end_of(length, until, start=starts_at, now=now)
        try:
            silence = add_silence(
                engine,
                conditions,
                starts_at=starts_at,
                ends_at=ends_at,
                reason=reason,
                author=author,
                everything=everything,
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        with engine.store.reading() as tx:
            muted = open_alerts_that_fit(engine, tx, conditions)
    since = f"from {stamp(starts_at)} " if starts_at > now else ""
    click.echo(f"silence {short(silence.id)} {since}until {stamp(ends_at)} UTC by {author}: {silence.reason}")
    click.echo(f"  open alerts that fit: {named(muted)}")


@command.command("list")
@click.option("-a", "--all", "everything", is_flag=True, help="Those that are over too.")
@click.option("-n", "--limit", default=50, show_default=True, type=click.IntRange(min=1), help="How many at most.")
@json_option
def list_silences(*, everything: bool, limit: int, as_json: bool) -> None:
    """List the silences; those that end last come first.

    \b
    As JSON, a list of:
      id, state (pending, active or expired), conditions, starts_at, ends_at, over_at,
      reason, author, created_at, and ended_by and ended_at of one ended before its time
    """  # noqa: D301  # click reads \b as a character
    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        now = engine.clock()
        silences = (tx.all_silences(limit=limit) if everything else tx.silences(now))[:limit]
    if as_json:
        print_json([silence_document(silence, now) for silence in silences])
    elif silences:
        open_screen().table(COLUMNS, [silence_row(silence, now) for silence in silences])
    else:
        open_screen().line("Nothing is silenced. Silences that are over: tocsin silence list --all", Tone.GOOD)


@command.command("end")
@click.argument("silence")
@by_option
def end(*, silence: str, by: str) -> None:
    """End a silence before its time. SILENCE is the beginning of its id.

    What it muted and is still open is told now.
    """
    from tocsin.engine.deliver import deliver
    from tocsin.engine.notify import notify_due
    from tocsin.engine.silences import end_silence

    with open_engine(find_workplace()) as engine:
        ended, left = end_silence(engine, silence, by=by)
        notify_due(engine)
        deliver(engine)
    click.echo(f"ended by {by}: silence {short(ended.id)} ({ended.reason})")
    click.echo(f"  still open: {named(left)}")


@command.command("preview")
@conditions_argument
@json_option
def show_what_fits(*, conditions: tuple[Matcher, ...], as_json: bool) -> None:
    """Show what a silence with these CONDITIONS would mute.

    Alerts that are open, alerts of the last 7 days that are over, and the pipelines that are known.

    \b
    As JSON:
      alerts     those that are open, each as in tocsin show ALERT --json
      over       those of the last 7 days that are over
      pipelines  a list of pipeline and environment
    """  # noqa: D301  # click reads \b as a character
    from tocsin.engine.silences import preview

    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        found = preview(engine, tx, conditions, within=_WEEK)
        if as_json:
            print_json(preview_document(tx, found))
        else:
            show_preview(open_screen(), tx, found)
