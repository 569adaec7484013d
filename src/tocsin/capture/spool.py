"""The durable hand-off between a pipeline's process and the engine: one directory, one file an event."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tocsin.core.codec import Json, decode, encode
from tocsin.core.event import Event, EventType
from tocsin.core.run import Run
from tocsin.errors import SpoolError

_VERSION = 1
_log = logging.getLogger("tocsin")


class Spool:
    """Events of any number of processes, read and removed by any number of engines.

    A file is written under a temporary name and renamed, so that a reader never sees half an event, and what a
    killed process leaves is whole.
    """

    def __init__(self, home: Path) -> None:
        """Use `home`; nothing is created before the first event."""
        self.events = home / "spool"
        self.alive = self.events / "alive"
        self.rejected = self.events / "rejected"

    def put(self, event: Event, *, durable: bool = False) -> None:
        """Write an event.

        Args:
            event: What happened.
            durable: Wait for the disk, so that the event survives a power cut and not only the process.

        Raises:
            SpoolError: The directory cannot be written.
        """
        stamp = event.at.strftime("%Y%m%dT%H%M%S%f")
        self._write(self.events / f"{stamp}-{event.id}.json", event, durable=durable)

    def beat(self, run: Run, now: datetime) -> None:
        """Replace the sign of life of a run by its newest snapshot.

        Raises:
            SpoolError: The directory cannot be written.
        """
        event = Event(id=f"beat-{run.id}", type=EventType.PROGRESS, at=now, run=run)
        self._write(self.alive / f"{run.id}.json", event, durable=False)

    def still(self, run_id: str) -> None:
        """Remove the sign of life of a run that has ended."""
        with contextlib.suppress(OSError):
            (self.alive / f"{run_id}.json").unlink()

    def read(self) -> Iterator[tuple[Path, Event]]:
        """Yield the events in the order in which they happened; `done` removes one.

        What is not an event is set aside in `rejected/`, named in a warning, and kept.
        """
        yield from ((path, event) for path, _, event in self._read(self.events))

    def texts(self) -> Iterator[tuple[Path, bytes, Event]]:
        """Yield what `read` does, each event also as it stands in its file."""
        yield from self._read(self.events)

    def heartbeats(self) -> Iterator[tuple[Path, Event]]:
        """Yield the latest sign of life of each run that has not said that it ended."""
        yield from ((path, event) for path, _, event in self._read(self.alive))

    def done(self, path: Path) -> None:
        """Remove an event that has been taken in; another engine may have been faster."""
        with contextlib.suppress(FileNotFoundError):
            path.unlink()

    def reject(self, path: Path, reason: str) -> None:
        """Set aside what cannot be used as an event, with the reason beside it; another engine may have been faster."""
        kept = self.rejected / path.name
        try:
            self.rejected.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.replace(kept)
        except FileNotFoundError:
            return
        except OSError:
            kept = path
        else:
            with contextlib.suppress(OSError):
                kept.with_suffix(".why").write_text(f"{reason}\n", encoding="utf-8", errors="backslashreplace")
        _log.warning("%s is no event (%s); it is kept as %s", path.name, reason, kept)

    def waiting(self) -> int:
        """Return how many events wait to be taken in."""
        return sum(1 for _ in self.events.glob("*.json"))

    def changed_at(self) -> int:
        """Return when an event was put in or taken out last, in nanoseconds; 0 before the first."""
        try:
            return self.events.stat().st_mtime_ns
        except OSError:
            return 0

    def set_aside(self) -> tuple[Path, ...]:
        """Return the files that could not be read as events."""
        return tuple(sorted(self.rejected.glob("*.json")))

    def _read(self, directory: Path) -> Iterator[tuple[Path, bytes, Event]]:
        for path in sorted(directory.glob("*.json")):
            try:
                text = path.read_bytes()
                event = parse_event(text)
            except FileNotFoundError:
                continue
            except OSError as error:
                # It may be somebody else's, or the disk has a bad moment: that says nothing about the event.
                _log.warning("cannot read %s (%s); it stays where it is", path, error.strerror)
            except SpoolError as error:
                self.reject(path, str(error))
            else:
                yield path, text, event

    def _write(self, path: Path, event: Event, *, durable: bool) -> None:
        text = text_of(event)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            try:
                self._write_file(temporary, text, durable=durable)
            except FileNotFoundError:
                # The directory is made when it is missed, because looking for it would cost each event a system call.
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._write_file(temporary, text, durable=durable)
            temporary.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            message = (
                f"cannot write {path}: {error.strerror or error}; make room or set TOCSIN__HOME to another directory"
            )
            raise SpoolError(message) from error

    @staticmethod
    def _write_file(path: Path, text: str, *, durable: bool) -> None:
        with open(path, "w", encoding="ascii", opener=_private) as file:  # Path.open takes no opener
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())


def text_of(event: Event) -> str:
    """Return an event as it stands in its file: JSON in ASCII."""
    return json.dumps({"v": event.v, **_fields(event)}, ensure_ascii=True)


def parse_event(text: bytes) -> Event:
    """Read one event.

    Raises:
        SpoolError: The text is no event, or one of a newer format.
    """
    try:
        data = json.loads(text)
        version = data.get("v", _VERSION) if isinstance(data, dict) else None
        if version != _VERSION:
            raise SpoolError(f"format {version!r} is not known, only {_VERSION}; upgrade dlt-tocsin where this is read")
        event = decode(Event, data)
    except (ValueError, RecursionError) as error:
        raise SpoolError(str(error)) from error
    if event.at.tzinfo is None:
        raise SpoolError(f"{event.at} has no time zone")
    return event


def _fields(event: Event) -> dict[str, Json]:
    encoded = encode(event)
    assert isinstance(encoded, dict)  # noqa: S101  # a dataclass becomes a dict; said for the type checker
    return encoded


def _private(path: str, flags: int) -> int:
    """Create files that only their owner can read: an event tells what a pipeline does."""
    return os.open(path, flags, 0o600)
