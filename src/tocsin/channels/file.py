"""A file that grows by one message at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.event import event
from tocsin.channels.formats.text import text
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError


class File(Channel):
    """Appends each message with one write, so that several processes can share a file."""

    type: ClassVar[str] = "file"
    summary: ClassVar[str] = "Lines in a file, for tests and for programs that read along"
    min_interval: ClassVar[float] = 0.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="path",
            help="The file. Folders are made as needed; ~ is the home directory.",
            required=True,
            example="~/tocsin.jsonl",
        ),
        Field(
            name="format",
            help="json writes one object a line, text what a person would read.",
            default="json",
            choices=("json", "text"),
        ),
    )
    setup: ClassVar[str] = """
        Nothing has to be set up. As `json` each message is one line with the keys of the [webhook](webhook.md); read
        along with `tail -F`, or with a log shipper. As `text` it is what a person would read, and an empty line.

        Each message is appended with one write, so several processes can share the file. It is never cut or rotated
        by Tocsin; a program that rotates it may move it away at any time, because it is opened anew for each message.
        """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._path = Path(settings["path"]).expanduser()
        self._json = settings["format"] == "json"

    def send(self, outgoing: Outgoing) -> Receipt:
        """Append the message."""
        line = json.dumps(event(outgoing), default=str) if self._json else text(outgoing.message) + "\n"
        data = f"{line}\n".encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                written = os.write(handle, data)
            finally:
                os.close(handle)
        except OSError as error:
            # Disks are emptied and rights are given without a change of our settings, so it is worth another try.
            msg = f"{self._path} cannot be written: {error.strerror}"
            hint = "check the folder's rights and the space on the disk, or set another path"
            raise DeliveryError(msg, permanent=False, hint=hint) from error
        if written < len(data):
            msg = f"{self._path} took {written} of {len(data)} bytes"
            raise DeliveryError(msg, permanent=False, hint="check the space on the disk")
        return Receipt(answer=f"{written} bytes appended to {self._path}")
