"""Prints what the changelog says of a version, or says what is missing.

python tools/release_notes.py v1.2.3
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def notes(version: str, changelog: str) -> str:
    """Return the section of a version, without its heading.

    Args:
        version: "1.2.3", also as the tag "v1.2.3".
        changelog: The text of CHANGELOG.md.

    Raises:
        ValueError: There is no such section, it has no day, or it says nothing.
    """
    number = version.removeprefix("v")
    found = re.search(rf"^## {re.escape(number)} \(([^)]*)\)\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"CHANGELOG.md has no section of version {number}: write ## {number} (YYYY-MM-DD)")
    day, text = found[1], found[2].strip()
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise ValueError(f"CHANGELOG.md calls version {number} {day!r}: write the day of its release in place of that")
    if not text:
        raise ValueError(f"CHANGELOG.md says nothing of version {number}: write what changes for those who use it")
    return text + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(notes(sys.argv[1], CHANGELOG.read_text(encoding="utf-8")))
    except ValueError as error:
        sys.exit(str(error))
