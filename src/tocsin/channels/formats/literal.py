"""Text from outside, made safe to show: cleaned first, then cut, and every cut says so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tocsin.core.message import Message, Tone

#: Shape and word carry the state as well as colour does; not everybody sees colours.
SIGNS = {
    Tone.CRITICAL: "✖",
    Tone.ERROR: "✕",
    Tone.WARNING: "▲",
    Tone.INFO: "●",
    Tone.GOOD: "✓",
    Tone.ACKNOWLEDGED: "◐",
}
COLOURS = {
    Tone.CRITICAL: "#8e1b1b",
    Tone.ERROR: "#d13438",
    Tone.WARNING: "#e0a100",
    Tone.INFO: "#4a7fb5",
    Tone.GOOD: "#2e8b57",
    Tone.ACKNOWLEDGED: "#7a7f87",
}

#: Colours and cursor movements; without this their visible rest would stay behind.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
#: All that has to be looked at; texts can have a million characters, of which most are of ASCII.
_ODD = re.compile(r"[^\n\t -~]")


def clean(text: str) -> str:
    """Return the text with line breaks and tabs, and without any other control or format character.

    Escape sequences, direction overrides and invisible characters can hide or reorder what is read. This comes
    before all else: a character that is taken out later could join two halves of something that was escaped apart.
    """
    if text.isprintable():
        return text
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _ODD.sub(_shown, text)


def one_line(text: str) -> str:
    """Return the cleaned text with every run of white space as one space."""
    return " ".join(clean(text).split())


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters: the beginning, and how much is left out."""
    if len(text) <= limit:
        return text
    keep = max(0, limit - len(_left_out(len(text))) - 1)
    return f"{text[:keep].rstrip()} {_left_out(len(text) - keep)}"[-limit:] if limit > 0 else ""


def cut_middle(text: str, limit: int) -> str:
    """Return at most `limit` characters: beginning and end, and between them how much is left out.

    The end is the longer part: there a traceback names the error. Cuts are made between lines where that loses little.
    """
    if len(text) <= limit:
        return text
    keep = limit - len(_left_out(len(text))) - 2
    if keep <= 0:
        return cut(text, limit)
    head, tail = text[: keep // 3], text[len(text) - (keep - keep // 3) :]
    if (end := head.rfind("\n")) > len(head) // 2:
        head = head[:end]
    if 0 <= (start := tail.find("\n")) < len(tail) // 2:
        tail = tail[start + 1 :]
    return f"{head}\n{_left_out(len(text) - len(head) - len(tail))}\n{tail}"


def headline(message: Message) -> str:
    """Return the title in one line, after the sign of its tone."""
    return f"{SIGNS[message.tone]} {one_line(message.title) or '(no title)'}"


def small_print(message: Message) -> str:
    """Return the footer and the moment in one line."""
    return " · ".join(part for part in (one_line(message.footer), moment(message.at)) if part)


def moment(at: datetime) -> str:
    """Return a moment as people write it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def is_web(url: str) -> bool:
    """Tell whether a link can be offered to click: a web address without anything that could end it early."""
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return whole and url.startswith(("https://", "http://")) and url.isprintable() and not set(url) & set(' <>|"`\\')


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    return character if character.isprintable() else " " if character.isspace() else ""


def _left_out(count: int) -> str:
    return f"… {count:,} characters left out"
