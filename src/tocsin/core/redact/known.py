"""A secret whose value is known, in every form in which texts show it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

from tocsin.core.redact.patterns import replace_secrets

# Shorter values would be found inside ordinary words; shorter numbers are ports, counts and dates.
_MIN_LENGTH = 6
_MIN_DIGITS = 12
# A line of a longer secret, such as a key in PEM, tells enough of it from here on.
_MIN_LINE = 16
# Passwords of development databases that are also words of every message about them.
_COMMON = frozenset({"default", "localhost", "password", "postgres", "postgresql", "public", "secret", "string"})

_ENCODINGS: tuple[Callable[[str], str], ...] = (
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
    lambda text: repr(text.encode("utf-8", "surrogateescape"))[2:-1],
    lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
    lambda text: text.encode("unicode_escape").decode("ascii"),
    lambda text: quote(text, safe="", errors="surrogateescape"),
    lambda text: quote(text, errors="surrogateescape"),
    lambda text: quote(text, safe=" +", errors="surrogateescape"),  # SQLAlchemy renders its URLs so
    lambda text: quote_plus(text, errors="surrogateescape"),
    lambda text: re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text),
    html.escape,
)


def known_forms(known: Mapping[str, str]) -> dict[str, str]:
    """Return what to look for, and what to put in its place.

    Args:
        known: Name to exact value.

    Returns:
        Each form of each value to its placeholder "[secret:NAME]". Left out are values that would mutilate texts:
        shorter than 6 characters, numbers shorter than 12 digits, "postgres" and the like, and words that the names
        themselves are made of. The patterns still hide those where they stand as a password.
    """
    words = {word for name in known for word in re.split(r"[\W_]+", name.lower())} | _COMMON
    forms: dict[str, str] = {}
    for name, value in known.items():
        placeholder = f"[secret:{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}]"
        for piece in _pieces(str(value)):
            if len(piece) < (_MIN_DIGITS if piece.isdigit() else _MIN_LENGTH) or piece.lower() in words:
                continue
            for form in _forms(piece):
                forms.setdefault(form, placeholder)
    return forms


def _pieces(value: str) -> Iterator[str]:
    """Yield the value, its long lines, and what in it is secret by itself, such as the password of a URL."""
    yield value
    yield value.strip()
    yield from (line.strip() for line in re.split(r"\n|\\n", value) if len(line.strip()) >= _MIN_LINE)
    inner: list[str] = []
    replace_secrets(value, found=inner.append)
    for piece in inner:
        yield piece
        yield unquote(piece)


def _forms(piece: str) -> set[str]:
    """Return `piece` as it is, escaped or encoded up to twice, and as it shows inside longer base64."""
    once = {piece, *(encode(piece) for encode in _ENCODINGS)}
    twice = {encode(form) for form in once for encode in _ENCODINGS}
    raw = piece.encode("utf-8", "surrogateescape")
    inside = {_inside_base64(raw, offset) for offset in range(3)}
    return once | twice | inside | {form.replace("+", "-").replace("/", "_") for form in inside}


def _inside_base64(raw: bytes, offset: int) -> str:
    """Return the base64 characters that stand for nothing but `raw` where it begins `offset` bytes into a group."""
    encoded = base64.b64encode(b"\0" * offset + raw).decode("ascii").rstrip("=")
    # A character holds six bits. The ones at either end are shared with the neighbours when a byte ends within them.
    first = (offset * 8 + 5) // 6
    last = (offset + len(raw)) * 8 // 6
    return encoded[first:last]
