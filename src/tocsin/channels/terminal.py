"""A terminal, or what its output is sent to."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import ClassVar, TextIO

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.terminal import terminal
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError


class Terminal(Channel):
    """Prints messages where a person looks: in colour on a terminal, unless `NO_COLOR` is set (no-color.org)."""

    type: ClassVar[str] = "terminal"
    summary: ClassVar[str] = "The terminal that a pipeline or `tocsin watch` runs in"
    min_interval: ClassVar[float] = 0.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="stream",
            help="stderr, stdout, or the path of a terminal or file, such as /dev/tty.",
            default="stderr",
            example="/dev/tty",
        ),
    )
    setup: ClassVar[str] = """
        Nothing has to be set up. Messages come in colour on a terminal, unless `NO_COLOR` is set, and at most 100
        columns wide; into a file or a pipe they come without colours.

        With `stderr`, alerts about a run appear among the output of the process that decides them: the pipeline's own
        or that of `tocsin watch`. Where they must not get into a log, name a terminal or another channel.
        """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._stream = settings["stream"]

    def send(self, outgoing: Outgoing) -> Receipt:
        """Print the message and an empty line."""
        try:
            with self._open() as stream:
                colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
                # Lines longer than this are hard to read, however wide the window is.
                width = min(shutil.get_terminal_size().columns, 100) if stream.isatty() else 80
                text = f"{terminal(outgoing.message, colour=colour, width=width)}\n\n"
                encoding = stream.encoding or "utf-8"
                stream.write(text.encode(encoding, "replace").decode(encoding))
                stream.flush()
        except (OSError, ValueError, AttributeError) as error:
            # ValueError: the stream was closed. AttributeError: a process without a console has no streams at all.
            msg = f"{self._stream} cannot be written: {getattr(error, 'strerror', None) or error}"
            raise DeliveryError(msg, permanent=False, hint="set stream to stderr, stdout or a path") from error
        return Receipt(answer=f"printed to {self._stream}")

    def _open(self) -> AbstractContextManager[TextIO]:
        if self._stream in {"stderr", "stdout"}:
            return nullcontext(getattr(sys, self._stream))
        return Path(self._stream).expanduser().open("a", encoding="utf-8")
