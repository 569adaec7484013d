"""What `ack`, `snooze` and `resolve` have in common: change an alert, tell the channels, say what was done."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Protocol

import click

from tocsin.cli.screen import F
from tocsin.cli.wording import short
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.alert import Alert, Change
from tocsin.core.outbox import Notification, Status
from tocsin.core.phrases import problem, stamp, subject
from tocsin.core.told_words import progress

if TYPE_CHECKING:
    from tocsin.engine.act import Acted
    from tocsin.engine.engine import Engine

#: Alerts of a group that are told one by one.
_SHOWN = 10


class Act(Protocol):
    """One of the functions of `engine.act`, all else given."""

    def __call__(self, engine: Engine, prefix: str, *, by: str) -> list[Acted]:
        """Change the alert that is meant, or those of the group."""


def by_option(function: F) -> F:
    """Add `--by NAME`."""
    option = click.option("--by", default=login, metavar="NAME", help="Who does it.  [default: your login name]")
    return option(function)


def issue_option(function: F) -> F:
    """Add `--issue LINK`."""
    option = click.option(
        "--issue",
        metavar="LINK",
        help='Where it is dealt with, for example the address of a ticket; "" takes that away.',
    )
    return option(function)


def login() -> str:
    """Return the name of whoever types the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container may run under a number that has no name.
        return "somebody"


def act(change_it: Act, prefix: str, by: str, *, done: str) -> None:
    """Change an alert or those of a group, deliver at once what that makes due, and tell.

    Raises:
        NotFound: No alert, or more than one, is meant.
        StoreError: The store cannot be written.
    """
    from tocsin.engine.deliver import deliver

    with open_engine(find_workplace()) as engine:
        acted = change_it(engine, prefix, by=by)
        deliver(engine)
        with engine.store.reading() as tx:
            for each in acted[:_SHOWN]:
                click.echo(_line(each, by, done))
                if each.change is not Change.NOTHING:
                    decisions = [one for one in tx.notifications(alert_id=each.alert.id) if one.seq == each.alert.seq]
                    for one in sorted(decisions, key=lambda one: one.channel):
                        click.echo(f"  {one.channel}: {_result(one)}")
    if len(acted) > _SHOWN:
        click.echo(f"+{len(acted) - _SHOWN:,} more of the group")


def _line(each: Acted, by: str, done: str) -> str:
    alert = each.alert
    name = f"alert {short(alert.id)}: {subject(alert)} {problem(alert)}"
    match each.change:
        case Change.NOTHING:
            return f"nothing to do, {_so_far(alert)}: {name}"
        case Change.ISSUE_NOTED:
            return f"known issue noted by {by}: {name}"
    return f"{done} by {by}: {name}"


def _so_far(alert: Alert) -> str:
    if alert.resolved_at is not None:
        return f"it was over at {stamp(alert.resolved_at)} UTC ({alert.resolution})"
    if alert.snoozed_until is not None:
        return f"{alert.snoozed_by} has snoozed it until {stamp(alert.snoozed_until)} UTC"
    at = f" at {stamp(alert.acknowledged_at)} UTC" if alert.acknowledged_at else ""
    return f"{alert.acknowledged_by} has acknowledged it{at}"


def _result(one: Notification) -> str:
    match one.status:
        case Status.SENT:
            return "told"
        case Status.NOT_TOLD:
            return one.reason.value
        case Status.GROUPED:
            return "is told in the next message of its group"
    return progress(one)
