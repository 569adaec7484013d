"""Programs of an orchestrator in a folder of their own, and the messages that came of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from documents import ROOT, blocks

#: For everything that happens soon: these programs take long to start, and machines are busy.
PATIENCE = 180
_SETTINGS = """
[runtime]
dlthub_telemetry = false
[tocsin.channels.here]
type = "file"
path = "alerts.jsonl"
"""


class Project:
    """A folder with a program, whose alerts go to a file."""

    def __init__(self, folder: Path, source: Path | str, *, name: str = "jobs.py", **environment: str) -> None:
        """Fill the folder.

        Args:
            folder: An empty one.
            source: The folder of an example, or the text of one file.
            name: The name of that file.
            environment: Variables of its programs.
        """
        self.folder = folder / "project"
        if isinstance(source, Path):
            shutil.copytree(source, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (self.folder / ".dlt").mkdir(parents=True)
            (self.folder / ".dlt" / "config.toml").write_text(_SETTINGS)
            (self.folder / name).write_text(source)
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "DLT_DATA_DIR": str(folder / "dlt"),
            "TOCSIN__HOME": str(folder / "tocsin"),
            "NO_PROXY": "127.0.0.1,localhost",
            **environment,
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; the first of the words is found among those of this environment."""
        return subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a program, with what it starts itself in a process group of its own."""
        with (self.folder / "out.txt").open("ab") as out:
            return subprocess.Popen(
                words, cwd=self.folder, env=self.environment, stdout=out, stderr=out, start_new_session=True
            )

    def messages(self) -> list[dict[str, Any]]:
        """Return what the channel was given, in its order."""
        path = self.folder / "alerts.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def titles(self) -> list[str]:
        """Return the titles of the messages, in their order."""
        return [message["title"] for message in self.messages()]

    def about(self, name: str) -> list[str]:
        """Return the titles of the messages about one pipeline."""
        return [title for title in self.titles() if title.split()[0] == name]

    def message(self, title: str) -> dict[str, Any]:
        """Return the one message whose title begins so, and wait for it."""
        until(lambda: [one for one in self.messages() if one["title"].startswith(title)], self.titles)
        [found] = [one for one in self.messages() if one["title"].startswith(title)]
        return found


class Page:
    """A page of the documentation, as far as it shows programs of an orchestrator."""

    def __init__(self, name: str) -> None:
        """Read the page with this name."""
        self._blocks = list(blocks((ROOT / "docs" / "integrations" / name).read_text(encoding="utf-8")))

    def followed(self, project: Project) -> list[subprocess.CompletedProcess[str]]:
        """Write the files of the page, type its commands, and return how they ended."""
        for block in self._blocks:
            if block.title and block.language in {"python", "toml"}:
                (project.folder / block.title).write_text(block.text)
        typed = [block.text for block in self._blocks if block.language == "console"]
        return [project.run(*line.removeprefix("$ ").split()) for text in typed for line in text.splitlines()]

    def shown(self) -> list[str]:
        """Return the lines of the message that the page shows, but for those with times and names made by chance."""
        [message] = [block.text for block in self._blocks if block.language == "text"]
        return [line for line in message.splitlines() if line.startswith(("✕", "What", "Why", "Impact", "Next"))]


def until(true: Callable[[], object], seen: Callable[[], Sequence[object]] = tuple) -> None:
    """Wait for a condition; what was `seen` instead is told where it does not come."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"it never came; seen: {seen()}"
        time.sleep(0.1)
