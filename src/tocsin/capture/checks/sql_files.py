"""Checks as files: a query, and above it lines such as `-- owner: customer-support`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tocsin.config.checks import read_check
from tocsin.config.layer import Layer
from tocsin.config.merge import merge
from tocsin.config.model import Problem
from tocsin.config.reader import Reader
from tocsin.core.check import Check

_HEAD = re.compile(r"--\s*([a-z_]+)\s*:\s*(.*\S)\s*$")


def read_sql_files(folder: Path) -> tuple[Sequence[Check], Sequence[Problem]]:
    """Return the checks in the `.sql` files of a folder, named like their files, and what is wrong with others."""
    reader = Reader()
    found = (_read(reader, path) for path in sorted(folder.glob("*.sql")))
    return [check for check in found if check is not None], reader.problems


def _read(reader: Reader, path: Path) -> Check | None:
    shown = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(origin=shown, key="(the whole file)", found=None, remedy=f"cannot be read: {error}")
        reader.problems.append(problem)
        return None
    head: dict[str, object] = {}
    for line in text.splitlines():
        if (said := _HEAD.match(line.strip())) is not None:
            head[said[1]] = said[2]
        elif line.strip() and not line.strip().startswith("--"):
            break
    layer = Layer(origin=shown, values={**head, "sql": text}, secrets_allowed=False)
    return read_check(reader, merge([layer]), name=path.stem, prefix=shown)
