"""Tests on every version of Python, and with the oldest dependencies that pyproject.toml allows.

nox                       all that is here; versions of Python that are not installed are left out
nox -s tests-3.13         one of them
nox -s tests-3.13 -- -k schedule
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False

_GROUPS = nox.project.load_toml()["project"]["optional-dependencies"]
#: What people can ask for: all extras but those of contributors.
_EXTRAS = sorted({*_GROUPS} - {"dev", "docs", "test"})
#: What is tried itself, and what goes with new versions of it only.
_TOO_NEW = ("dlt-tocsin", "schemathesis")
#: What tests use besides; old versions of Starlette bring requests to an application with httpx.
_TOOLS = [*(word.partition(">=")[0] for word in _GROUPS["test"] if not word.startswith(_TOO_NEW)), "httpx"]
#: What pyright calls the public names: those of the package itself, and of its public modules.
_PUBLIC = re.compile(r"tocsin\.(slack\.|testing\.)?[a-z_]\w*$", re.IGNORECASE)
#: What the oldest dlt needs to run at all today.
_OLDEST_DLT = "constraints/dlt-1.4.txt"


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run the tests of what runs in processes of users, and of all stores and channels."""
    session.install("--constraint", "constraints.txt", "--editable", ".[test]")
    session.run("pytest", "tests/unit", "tests/contract", *session.posargs)


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """Run the same, and the tests of engine, store, server and workers, with the oldest dependencies."""
    pins = f"{session.create_tmp()}/lowest.txt"
    extras = [word for extra in _EXTRAS for word in ("--extra", extra)]
    options = ["--quiet", "--resolution", "lowest-direct", "--no-annotate", "--no-header", "--constraint", _OLDEST_DLT]
    session.run("uv", "pip", "compile", *options, *extras, "--output-file", pins, "pyproject.toml", external=True)
    session.install("--constraint", pins, "--editable", f".[{','.join(_EXTRAS)}]", *_TOOLS)
    parts = ("engine", "server", "store", "uplink", "worker")
    files = [str(path) for part in parts for path in sorted(Path("tests/integration").glob(f"test_{part}*.py"))]
    # What is new warns of how what is old uses it.
    ignoring = ("-W", "ignore::DeprecationWarning")
    session.run("pytest", *ignoring, "tests/unit", "tests/contract", *files, *session.posargs)


@nox.session(python="3.11")
def typing(session: nox.Session) -> None:
    """Check what programs of users see of our types: mypy and pyright agree, and no public name lacks one."""
    session.install("--constraint", "constraints.txt", "mypy", "pyright[nodejs]", ".[dlt]")
    session.run("mypy", "--config-file=", "--strict", "tests/typing")
    session.run("pyright", "tests/typing")
    found = session.run(
        "pyright", "--verifytypes", "tocsin", "--ignoreexternal", "--outputjson", silent=True, success_codes=[0, 1]
    )
    unknown = [
        symbol["name"]
        for symbol in json.loads(str(found))["typeCompleteness"]["symbols"]
        if _PUBLIC.match(symbol["name"]) and not symbol["isTypeKnown"]
    ]
    if unknown:
        session.error(f"these have no type that is known: {', '.join(unknown)}")
