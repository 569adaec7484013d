"""A folder with settings, a spool and a store, and `tocsin` typed in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from made import at
from tocsin.capture.spool import Spool
from tocsin.cli.main import cli
from tocsin.core.event import Event, EventType
from tocsin.core.run import Run
from tocsin.store.protocol import Transaction
from tocsin.store.sqlite import SqliteStore

#: A channel that always works.
TO_A_FILE = """
[tocsin.channels.log]
type = "file"
path = "alerts.jsonl"
"""


@dataclass
class Project:
    """Where the commands are typed."""

    folder: Path
    #: The present, for all commands.
    now: datetime = field(default_factory=lambda: at(60))

    @property
    def home(self) -> Path:
        """Tocsin's directory."""
        return self.folder / "home"

    @property
    def spool(self) -> Spool:
        """What processes have reported."""
        return Spool(self.home)

    def configure(self, text: str, *, file: str = "config.toml") -> None:
        """Write a file in `.dlt`."""
        path = self.folder / ".dlt" / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def report(self, *runs: Run) -> None:
        """Report runs as their processes would."""
        for run in runs:
            kind = EventType.RUN_FINISHED if run.ended_at else EventType.RUN_STARTED
            when = run.ended_at or run.started_at
            self.spool.put(Event(id=f"{kind.value}-{run.id}", type=kind, at=when, run=run))

    def tocsin(self, *words: str, typed: str | None = None) -> Result:
        """Type a command in a pipe, and what it asks for."""
        return CliRunner().invoke(cli, list(words), input=typed)

    def says(self, *words: str) -> str:
        """Type a command that works, and return what it prints."""
        result = self.tocsin(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        """Type a command with `--json` and return the document."""
        return json.loads(self.says(*words, "--json"))

    def alert_id(self) -> str:
        """Return as much of the newest alert's id as the commands show."""
        return str(self.json("alerts", "--all")[0]["id"])[:8]

    def told(self) -> list[str]:
        """Return the titles that reached the file channel."""
        return [str(message["title"]) for message in self.messages()]

    def messages(self) -> list[dict[str, Any]]:
        """Return what reached the file channel."""
        file = self.folder / "alerts.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Open a transaction on the store behind the commands' back."""
        store = SqliteStore(self.home / "tocsin.db")
        with store.writing() as tx:
            yield tx
        store.close()
