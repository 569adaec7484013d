"""`/help`: which keys act, what to type, and where more is told."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tocsin.web.pages.frame import Frame
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: What people type most, and what it does.
_COMMANDS = (
    ("tocsin status", "what is wrong, since when and who knows"),
    ("tocsin show ID", "all about a run, an alert or a group"),
    ("tocsin silence add pipeline=orders --for 2h --reason '…'", "mute what fits conditions for a while"),
    ("tocsin route explain --pipeline orders --severity error", "who would hear of a problem, when, and why"),
    ("tocsin doctor", "find out why something does not work"),
)


@router.get("/help")
def help_page(frame: Frame) -> Response:
    """Show the keys and the commands."""
    return render("help.html", frame.page("Help", "/help", live=False), commands=_COMMANDS)
