"""A dlt project in a folder of its own, and its pipelines as processes that know of nothing else."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin.capture.providers import home_of
from tocsin.cli.demo.source import API_KEY

_PIPELINES = Path(__file__).parent / "pipelines"
#: What a process needs of ours to start. Settings of dlt, of Tocsin and of proxies are not among it.
_INHERITED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_CONFIG = """\
[sources.shop]
url = "{url}"

[runtime]
dlthub_telemetry = false
request_max_attempts = 3
request_backoff_factor = 0.1

[payments.load]
raise_on_failed_jobs = false
"""
#: What is expected, as a user writes it; only that a real schedule has minutes and hours.
EXPECTED = """\
[tocsin]
died_after = "3s"
# More than five problems a minute come as one message. A demo is no storm:
group_above = 50

[tocsin.pipelines.invoices]
schedule = "every 6s"
start_within = "2s"

[tocsin.pipelines.revenue]
schedule = "every 6s"
start_within = "2s"
after = ["orders"]

[tocsin.pipelines.exports]
stuck_after = "4s"

[tocsin.pipelines.events]
schedule = "every 6s"
start_within = "1m"
finish_within = "8s"
"""
_SECRETS = """\
[sources.shop]
api_key = "{api_key}"

[runtime]
slack_incoming_hook = "{hook}"
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """The folder, with `.dlt`, the scripts, and dlt's data directory below it."""

    folder: Path

    @property
    def data_dir(self) -> Path:
        """The data directory of dlt; Tocsin keeps its own below it."""
        return self.folder / "data"

    @property
    def home(self) -> Path:
        """Where Tocsin keeps what it knows of this project."""
        return home_of(self.folder, self.data_dir)

    def write(self, *, url: str, hook: str) -> None:
        """Write the scripts and the configuration: where the API is, and dlt's own setting for Slack.

        Args:
            url: Of the API that the pipelines load.
            hook: Slack's incoming webhook.
        """
        shutil.copytree(_PIPELINES, self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        settings = self.folder / ".dlt"
        settings.mkdir()
        (settings / "config.toml").write_text(_CONFIG.format(url=url))
        (settings / "secrets.toml").write_text(_SECRETS.format(api_key=API_KEY, hook=hook))

    def expect(self) -> None:
        """Write down what is expected of the pipelines that start from now on."""
        with (self.folder / ".dlt" / "config.toml").open("a") as config:
            config.write(f"\n{EXPECTED}")

    def start(self, pipeline: str, *, days: int = 1) -> subprocess.Popen[bytes]:
        """Start the script of a pipeline; what it prints goes to `PIPELINE.log`."""
        return self._start([f"{pipeline}.py", str(days)], log=pipeline)

    def watch(self) -> subprocess.Popen[bytes]:
        """Start `tocsin watch`; what it prints goes to `watch.log`."""
        return self._start(["-c", "from tocsin.cli.main import main; main()", "watch", "--every", "1s"], log="watch")

    def _start(self, arguments: Sequence[str], *, log: str) -> subprocess.Popen[bytes]:
        with self.log(log).open("ab") as file:
            return subprocess.Popen(  # noqa: S603  # our own scripts
                [sys.executable, *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def log(self, name: str) -> Path:
        """Return the file with what the runs of a pipeline, or `watch`, printed."""
        return self.folder / f"{name}.log"

    def _environment(self) -> dict[str, str]:
        """Return variables that lead to this Python and its packages, and to no configuration but the project's.

        dlt reads global files from its data directory or from the home, so both are moved.
        """
        return {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "PYTHONUSERBASE": site.getuserbase(),
            "HOME": str(self.folder),
            "DLT_DATA_DIR": str(self.data_dir),
            "NO_PROXY": "*",
        }
