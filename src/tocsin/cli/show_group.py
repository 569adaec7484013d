"""Problems that were told together: which they are, and when the group speaks again."""

from __future__ import annotations

from tocsin.cli.screen import Screen
from tocsin.cli.told import COLUMNS, alert_row
from tocsin.cli.wording import short
from tocsin.core.group import Group
from tocsin.core.message import Tone
from tocsin.core.phrases import stamp
from tocsin.core.words import count
from tocsin.documents.groups import sorted_members
from tocsin.store.protocol import Transaction


def find_group(tx: Transaction, name: str) -> Group | None:
    """Return the one group whose id begins with `name`."""
    found = tx.find_groups(name)
    return found[0] if len(found) == 1 else None


def show_group(screen: Screen, tx: Transaction, group: Group) -> None:
    """Show a group with all its problems, those that go on first."""
    members = sorted_members(tx, group)
    going_on = sum(1 for member in members if member.alert.open)
    said = f"Group {short(group.id)} on {group.channel}: {going_on:,} of {count(len(members), 'problem')} go on"
    screen.line(said, Tone.WARNING if going_on else Tone.GOOD)
    labels = ", ".join(f"{label} {value}" for label, value in group.labels.items())
    screen.facts(
        [
            ("Route", group.route),
            ("Labels", labels),
            ("Opened", f"{stamp(group.opened_at)} UTC"),
            ("Messages", f"{group.seq:,}, the last at {stamp(group.told_at)} UTC" if group.told_at else "none yet"),
            ("Next", f"{stamp(group.due_at)} UTC" if group.due_at else ""),
        ]
    )
    screen.table(COLUMNS, [alert_row(tx, member.alert) for member in members])
