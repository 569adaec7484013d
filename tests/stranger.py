"""Somebody who knows nothing but a page, and does what it says in an empty folder of their own.

A page is followed as it stands, but for this table, because its examples are of another world than the test's:

| on the page | for the stranger |
| --- | --- |
| an address of a receiver | as it stands; the connection ends at a stand-in: see `stand_ins` |
| `127.0.0.1:8765` | a free port |
| `db.internal`, with its port, password and `sslmode` | the PostgreSQL of the tests |
| `/srv/` | `srv/` in the folder of the page |
| `host = "smtp.example.com"` | the mail server of the stand-ins |
| `…` in `.dlt/secrets.toml` | as many letters as receivers ask for |
| an id of eight digits in an output | that which is shown in its place, from there on |
| `tocsin_…` | the key that was shown last |
| `pip install` | is checked: our distribution with its extras, or dlt with its own; all are installed |
| `tocsin demo` | nothing: it takes a minute, and has tests of its own |

Of an output `...` stands for anything. Lines may be broken anywhere, and what differs each time (moments, lengths of
time, ids of eight digits) may be any.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from documents import ROOT, Block, commands
from real_postgres import POSTGRES, Postgres
from stand_ins import StandIns
from typed_process import PATIENCE, wait_until

_ID = re.compile(r"\b[0-9a-f]{8}\b")
_INCIDENTAL = re.compile(
    r"\d{1,2} [a-z]{3} \d{4} \d\d:\d\d(:\d\d)?( utc)?"
    r"|\d{4}-\d\d-\d\d[ t]\d\d:\d\d(:\d\d(\.\d+)?)?(z| utc)?"
    r"|\b\d+(\.\d+)? (ms|s|min|h|d)( \d+ (s|min|h))?\b"
    rf"|{_ID.pattern}",
    re.IGNORECASE,
)
#: Each command is a process of bash that goes on where the one before has stopped.
_SHELL = """
[ -e "$STRANGER/state" ] && . "$STRANGER/state"
trap 'code=$?; { export -p; printf "cd %q\\n" "$PWD"; } > "$STRANGER/state"; exit $code' EXIT
set -o pipefail
. "$STRANGER/typed"
"""
#: Seconds after which a command counts as one that goes on for ever.
_MOST = 120
_PIP = f"""#!{sys.executable} -IS
import re, sys
known = re.compile(r"-U|--upgrade|dlt-tocsin(\\[(EXTRAS)(,(EXTRAS))*\\])?|dlt(\\[duckdb\\])?")
unknown = [word for word in sys.argv[2:] if not known.fullmatch(word)]
sys.exit(f"the tests do not know {{unknown}}" if sys.argv[1] != "install" or unknown else 0)
"""


@dataclass(kw_only=True)
class Stranger:
    """Follows one page."""

    #: Holds the folder of the page, a home, and what is on the stranger's desk.
    place: Path
    stand_ins: StandIns
    #: The socket of `warm_tocsin`, or nothing where each command is to import by itself.
    warm: Path | None
    postgres: Postgres | None = None
    _port: int = 0
    _key: str = ""
    #: What the page calls an alert, a run or a silence → what it is called here.
    _ids: dict[str, str] = field(default_factory=dict)
    #: `.dlt/config.toml` as the page has it, while settings are tried that stand in no file.
    _before: str | None = None
    _going_on: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make an empty folder, and put the programs on the way."""
        for folder in ("page", "home", "desk/bin"):
            (self.place / folder).mkdir(parents=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        self._program("pip", _PIP.replace("EXTRAS", "|".join(project["optional-dependencies"])))
        if self.warm:
            real, warm = Path(sys.executable).with_name("tocsin"), Path(__file__).with_name("warm_tocsin.py")
            # What goes on, or passes signals on, has to be the process that was started; DuckDB is not made for a fork.
            self._program(
                "tocsin",
                f'#!/bin/sh\ncase "$1" in demo) exit;; check|mcp|run|serve|watch|worker) exec {real} "$@";; esac\n'
                f'exec {sys.executable} -IS {warm} {self.warm} "$@"\n',
            )

    def follow(self, block: Block) -> None:
        """Do what a block says, and see that it comes out as it shows.

        Raises:
            AssertionError: It does not.
        """
        if "stops" in block.said:
            self.leave()
        if "told" in block.said:
            self._was_told(block.text)
        elif not block.executed:
            return
        elif block.title:
            text = block.text.replace("…", "x" * 29) if block.title.endswith("secrets.toml") else block.text
            self._write(block.title, self._here(text))
        elif block.language == "toml":
            self._try_settings(block.text)
        elif block.language == "console":
            self._type_all(block)
        elif "background" in block.said:
            self._start(block.text, "")
        elif block.language in {"bash", "setup", "sh"}:
            self._succeeds(block.text, f"set -euo pipefail\n{block.text}", int(block.said.get("fails", 0)))
        elif block.language == "python":
            (self.place / "desk/block.py").write_text(self._here(block.text), encoding="utf-8")
            self._succeeds(block.text, 'PYTHONPATH=. python "$STRANGER/block.py"', int(block.said.get("fails", 0)))
        else:
            raise AssertionError(f"```{block.language} is neither executed nor shown: see documents.py")

    def leave(self) -> None:
        """End what still goes on."""
        while self._going_on:
            process = self._going_on.pop()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(_MOST)

    def _type_all(self, block: Block) -> None:
        *first, (last, shown) = commands(block)
        for command, wanted in first:
            self._type(command, wanted, 0)
        if "soon" in block.said:
            wait_until(lambda: _like(shown).fullmatch(_plain(self._succeeds(last, last))), f"$ {last} to say {shown}")
        elif "background" in block.said:
            self._start(f"exec {last}", shown)
        else:
            self._type(last, shown, int(block.said.get("fails", 0)))

    def _type(self, command: str, wanted: str, code: int) -> None:
        said = self._succeeds(command, command, code)
        self._ids |= dict(zip(_ID.findall(wanted), _ID.findall(said), strict=False))
        if wanted:
            assert _like(wanted).fullmatch(_plain(said)), f"$ {command}\n{said}\n----- the page shows -----\n{wanted}"

    def _succeeds(self, shown: str, script: str, code: int = 0) -> str:
        """Run a script, and return what it says.

        Args:
            shown: What the page has of it.
            script: What is run.
            code: The exit code that is right.
        """
        output = self.place / "desk/output"
        with output.open("wb") as file:
            found = self._bash(script, file).wait(_MOST)
        said = self._there(output.read_text(encoding="utf-8", errors="replace"))
        assert found == code, f"$ {shown}\n{said}\nexit code {found}, and not {code}"
        if keys := re.findall(r"\btocsin_[\w-]{20,}", said):
            self._key = keys[-1]
        return said

    def _start(self, command: str, shown: str) -> None:
        """Start what goes on, and wait until it has said what the page shows, or anything."""
        output = self.place / f"desk/output{len(self._going_on)}"
        with output.open("wb") as file:
            process = self._bash(command, file)
        self._going_on.append(process)
        like = re.compile(_like(shown).pattern + ".*" if shown else ".+", re.DOTALL)

        def said() -> str:
            return self._there(output.read_text(encoding="utf-8", errors="replace"))

        wait_until(lambda: process.poll() is not None or like.match(_plain(said())), f"{command} to say {shown}")
        assert process.poll() is None, f"$ {command}\n{said()}"
        if "127.0.0.1:8765" in said():
            wait_until(self._listens, f"{command} to listen")

    def _listens(self) -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self._port)) == 0

    def _bash(self, script: str, output: Any) -> subprocess.Popen[bytes]:
        desk = self.place / "desk"
        (desk / "typed").write_text(self._here(script), encoding="utf-8")
        return subprocess.Popen(
            ["/bin/bash", "-c", _SHELL],
            cwd=self.place / "page",
            env=self._environment(desk),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _environment(self, desk: Path) -> dict[str, str]:
        path = [str(desk / "bin"), str(Path(sys.executable).parent)]
        variables = {
            "HOME": str(self.place / "home"),
            "DLT_DATA_DIR": str(self.place / "home/.dlt"),  # which is /var/dlt for root
            "LANG": "C.UTF-8",
            "STRANGER": str(desk),
            "TESTS": str(Path(__file__).parent),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "TOCSIN__BUDGET": "60s",  # machines are noisy
            "TOCSIN__SERVE__PORT": str(self._port),
            **self.stand_ins.environment,
        }
        if self.postgres:
            path.append(str(Path(str(POSTGRES)).parent))
            variables |= {"PGHOST": "127.0.0.1", "PGPORT": str(self.postgres.port), "PGUSER": "tocsin"}
            variables["PGPASSWORD"] = "secret"
        return {**variables, "PATH": os.pathsep.join([*path, os.environ.get("PATH", os.defpath)])}

    def _here(self, text: str) -> str:
        """Return what stands on the page as it is for the stranger."""
        text = text.replace("127.0.0.1:8765", f"127.0.0.1:{self._port}").replace("/srv/", f"{self.place}/page/srv/")
        mail = f'host = "localhost"\nport = {self.stand_ins.mail.port}'
        text = text.replace('host = "smtp.example.com"', mail)
        if self.postgres:
            text = text.replace("tocsin:password@", "tocsin:secret@").replace("?sslmode=verify-full", "")
            text = text.replace("db.internal:5432", f"127.0.0.1:{self.postgres.port}")
            text = text.replace("db.internal", "127.0.0.1")
        text = _ID.sub(lambda found: self._ids.get(found[0], found[0]), text)
        return text.replace("tocsin_…", self._key) if self._key else text

    def _there(self, text: str) -> str:
        """Return what a program says as the page would have it."""
        return text.replace(f"127.0.0.1:{self._port}", "127.0.0.1:8765").replace(f"{self.place}/page/srv/", "/srv/")

    def _write(self, title: str, text: str) -> None:
        """Write a file; into settings that are there already the new ones are put."""
        path = self.place / "page" / title
        path.parent.mkdir(parents=True, exist_ok=True)
        self._end_of_trial()
        if path.suffix == ".toml" and path.exists():
            text = _merged(path.read_text(encoding="utf-8"), text)
        path.write_text(text, encoding="utf-8")

    def _try_settings(self, text: str) -> None:
        """Put settings of no file into dlt's, in place of those that were tried before, and see that they are good."""
        self._end_of_trial()
        path = self.place / "page/.dlt/config.toml"
        path.parent.mkdir(exist_ok=True)
        self._before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(_merged(self._before, self._here(text)), encoding="utf-8")
        said = self._succeeds(text, "tocsin config check")
        assert said.endswith(": all good\n"), f"{text}\n{said}"

    def _end_of_trial(self) -> None:
        if self._before is not None:
            (self.place / "page/.dlt/config.toml").write_text(self._before, encoding="utf-8")
            self._before = None

    def _was_told(self, text: str) -> None:
        """Find each line of a message in what was sent to receivers, whatever they take for letters in bold."""

        def told() -> str:
            return " ".join(_words(part) for part in self.stand_ins.told())

        for line in filter(None, map(_words, re.split(r"\n|\.\.\.", text))):
            until = time.monotonic() + PATIENCE
            # Receivers are spared: what comes after a first message may come a second later.
            while line not in told():
                assert time.monotonic() < until, f"nobody was told {line!r}, but: {told()}"
                time.sleep(0.1)

    def _program(self, name: str, text: str) -> None:
        path = self.place / "desk/bin" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)


def is_here(needed: str) -> bool:
    """Say whether a program is installed that a page needs."""
    return bool(POSTGRES) if needed == "postgres" else shutil.which(needed) is not None


def _merged(before: str, added: str) -> str:
    """Return settings with others put into them, as somebody does who writes them where they belong."""
    document = tomlkit.parse(before)

    def put(into: Any, more: dict[str, Any]) -> None:
        for key, value in more.items():
            if isinstance(value, dict) and isinstance(into.get(key), dict):
                put(into[key], value)
            elif isinstance(value, list) and isinstance(into.get(key), list) and value and isinstance(value[0], dict):
                into[key] = [*into[key].unwrap(), *value]
            else:
                into[key] = value

    put(document, tomllib.loads(added))
    return tomlkit.dumps(document)


def _plain(text: str) -> str:
    return " ".join(_INCIDENTAL.sub("~", " ".join(text.split())).split())


def _like(shown: str) -> re.Pattern[str]:
    """Return what an output has to be in order to be what the page shows."""
    return re.compile(".*".join(re.escape(part.strip()) + " ?" for part in _plain(shown).split("...")), re.DOTALL)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+|~", _plain(text)))
