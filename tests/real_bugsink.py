"""The real Bugsink on the loopback: a server that takes what Sentry takes, and shows what it made of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HOME = Path(__file__).parents[1] / ".receivers" / "bugsink"
INSTALLED = (_HOME / ".installed").exists()
#: A test that needs it skips with these words.
MISSING = "Bugsink is not installed: type make receivers"
_PATIENCE = 60.0
#: Past the proxies of the machine that runs the tests.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PROJECT = """
import json
from bsmain.models import AuthToken
from projects.models import Project
project = Project.objects.create(name="shop")
token = AuthToken.objects.create(description="tests", issues_read=True, events_read=True)
print(json.dumps({"id": project.pk, "key": project.sentry_key.hex, "token": token.token}))
"""


@dataclass(frozen=True, kw_only=True)
class RunningBugsink:
    """A Bugsink with one project."""

    address: str
    project: int
    key: str
    token: str

    @property
    def dsn(self) -> str:
        """Where Sentry's clients send."""
        return f"http://{self.key}@{self.address}/{self.project}"

    def issues(self) -> list[dict[str, Any]]:
        """Return what it has grouped events into."""
        return self._get(f"issues/?project={self.project}")

    def events(self, issue: str) -> list[dict[str, Any]]:
        """Return the events of an issue, with all that was sent."""
        found = self._get(f"events/?issue={issue}")
        return [self._get_one(f"events/{event['id']}/") for event in found]

    def _get(self, path: str) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self._get_one(path)["results"]
        return results

    def _get_one(self, path: str) -> dict[str, Any]:
        url = f"http://{self.address}/api/canonical/0/{path}"
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token}"})
        with _OPENER.open(asked, timeout=_PATIENCE) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


def event_schema() -> dict[str, Any]:
    """Return the schema of events that Sentry publishes, which Bugsink comes with."""
    [path] = _HOME.glob("lib/python*/site-packages/api/event.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


@contextlib.contextmanager
def running_bugsink(folder: Path) -> Iterator[RunningBugsink]:
    """Run Bugsink for the length of a `with` block; `folder` is where it keeps its data and its log."""
    place = folder / "bugsink"
    shutil.copytree(_HOME / "empty", place)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(place),
        "DJANGO_SETTINGS_MODULE": "bugsink_conf",
    }
    made = subprocess.run(
        [_HOME / "bin" / "bugsink-manage", "shell"],
        cwd=place,
        env=environment,
        input=_PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    project = json.loads(made.stdout.splitlines()[-1])
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [_HOME / "bin" / "gunicorn", f"--bind={address}", "--workers=1", "--threads=4", "bugsink.wsgi"],
            cwd=place,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_until_ready(process, address, log)
        yield RunningBugsink(address=address, project=project["id"], key=project["key"], token=project["token"])
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            _OPENER.open(f"http://{address}/health/ready"),
        ):
            return
        time.sleep(0.1)
    raise AssertionError(f"Bugsink does not answer:\n{log.read_text(encoding='utf-8')}")
