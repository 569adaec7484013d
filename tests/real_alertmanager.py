"""The real Alertmanager on the loopback, as Debian packages it."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from receiver import Receiver

#: Debian's name of the program, and its own.
BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
#: A test that needs it skips with these words.
MISSING = "Alertmanager is not installed: type make receivers, or install Debian's package prometheus-alertmanager"
#: A route that tells of each alert by itself, at once.
EACH_AT_ONCE: Mapping[str, object] = {"group_by": ["..."], "group_wait": "10ms", "group_interval": "10ms"}
_PATIENCE = 60.0
#: Past the proxies of the machine that runs the tests.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class RunningAlertmanager:
    """An Alertmanager that tells `sink` of everything at once."""

    url: str
    sink: Receiver

    def alerts(self, **labels: str) -> list[dict[str, Any]]:
        """Return the alerts with these labels that fire."""
        with _OPENER.open(f"{self.url}/api/v2/alerts", timeout=_PATIENCE) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return [alert for alert in found if labels.items() <= alert["labels"].items()]

    def told(self, **labels: str) -> list[tuple[str, dict[str, str]]]:
        """Return what the sink was told of the alerts with these labels: states and all labels, in order."""
        alerts = [alert for request in list(self.sink.requests) for alert in request.json["alerts"]]
        return [(a["status"], a["labels"]) for a in alerts if labels.items() <= a["labels"].items()]

    def wait_until_told(self, number: int, **labels: str) -> list[tuple[str, dict[str, str]]]:
        """Wait until the sink was told so often of the alerts with these labels."""
        end = time.monotonic() + _PATIENCE
        while len(told := self.told(**labels)) < number:
            assert time.monotonic() < end, f"only {told}"
            time.sleep(0.05)
        return told


@contextlib.contextmanager
def running_alertmanager(
    folder: Path, sink: Receiver, *, route: Mapping[str, object] = EACH_AT_ONCE
) -> Iterator[RunningAlertmanager]:
    """Run Alertmanager for the length of a `with` block.

    Args:
        folder: Where it keeps its configuration, its data and its log.
        sink: Whom it tells.
        route: How, in the words of its own configuration.
    """
    assert BINARY is not None, MISSING
    webhook = {"url": f"http://127.0.0.1:{sink.port}/", "send_resolved": True}
    config = {
        "route": {"receiver": "sink", **route},
        "receivers": [{"name": "sink", "webhook_configs": [webhook]}],
    }
    # JSON is YAML.
    (folder / "alertmanager.yml").write_text(json.dumps(config), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    options = {
        "config.file": folder / "alertmanager.yml",
        "storage.path": folder / "data",
        "web.listen-address": address,
        "cluster.listen-address": "",
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [BINARY, *(f"--{name}={value}" for name, value in options.items())], stdout=output, stderr=output
        )
    try:
        _wait_until_ready(process, f"http://{address}", log)
        yield RunningAlertmanager(url=f"http://{address}", sink=sink)
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(urllib.error.URLError, ConnectionError), _OPENER.open(f"{url}/-/ready"):
            return
        time.sleep(0.05)
    raise AssertionError(f"Alertmanager does not answer:\n{log.read_text(encoding='utf-8')}")
