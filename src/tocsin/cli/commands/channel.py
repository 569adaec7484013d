"""`tocsin channel`."""

from __future__ import annotations

import click

from tocsin.cli.channel_test import try_channel
from tocsin.cli.screen import Cell, Column, Row, Screen, json_option, open_screen, print_json
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.message import Tone
from tocsin.core.phrases import stamp
from tocsin.documents.channels import ChannelView, Health, channel_views

_COLUMNS = (
    Column(name="Channel"),
    Column(name="Type"),
    Column(name="State"),
    Column(name="Last success (UTC)"),
    Column(name="Waiting", right=True),
    Column(name="From"),
    Column(name="Why", below=""),
)
_TONES = {
    Health.OK: Tone.GOOD,
    Health.NOT_TRIED: Tone.INFO,
    Health.FAILING: Tone.WARNING,
    Health.PAUSED: Tone.WARNING,
    Health.DISABLED: Tone.ERROR,
    Health.UNUSABLE: Tone.ERROR,
}
_SETTINGS = (Column(name="Setting"), Column(name="What it is"))


@click.group("channel")
def command() -> None:
    """List the channels, or send a test message through one."""


@command.command("list")
@click.option("--types", is_flag=True, help="List the types that exist, with their settings.")
@json_option
def list_channels(*, types: bool, as_json: bool) -> None:
    """List the configured channels and whether they work.

    \b
    As JSON, a list of:
      name, type, origin (the file), last_ok_at, waiting (messages), why, and
      state  ok, not tried, failing, paused, disabled or unusable
    With --types, a list of type, summary and fields.
    """  # noqa: D301  # click reads \b as a character
    if types:
        _list_types(as_json=as_json)
        return
    place = find_workplace()
    with open_engine(place) as engine, engine.store.reading() as tx:
        views = channel_views(engine, tx)
    if as_json:
        print_json([view.document() for view in views])
    elif views:
        open_screen().table(_COLUMNS, [_row(view) for view in views])
    else:
        open_screen().line("No channel is configured: tocsin init sets one up, tocsin channel list --types shows more.")


@command.command("test")
@click.argument("name")
def test(*, name: str) -> None:
    """Send a real message through the channel NAME and print the receiver's answer.

    A channel that was disabled and takes the message is enabled again.
    """
    try_channel(find_workplace(), name)


def _row(view: ChannelView) -> Row:
    name = Cell(text=view.name, tone=_TONES[view.state])
    last = stamp(view.last_ok_at) if view.last_ok_at else ""
    return name, view.type, view.state, last, str(view.waiting), view.origin, view.why


def _list_types(*, as_json: bool) -> None:
    from tocsin.channels.registry import CHANNELS

    if as_json:
        print_json([{"type": c.type, "summary": c.summary, "fields": c.fields} for c in CHANNELS.values()])
        return
    screen: Screen = open_screen()
    for channel in CHANNELS.values():
        screen.heading(f"{channel.type}: {channel.summary}")
        rows = [
            (field.name, f"{'Required. ' if field.required else ''}{'A secret. ' if field.secret else ''}{field.help}")
            for field in channel.fields
        ]
        screen.table(_SETTINGS, rows)
