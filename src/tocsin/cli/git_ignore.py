"""Keeps a file with secrets out of the user's git repository."""

from __future__ import annotations

import subprocess
from pathlib import Path


def keep_out_of_git(path: Path) -> str:
    """Add a file to `.gitignore` in the working directory unless git ignores it already.

    Args:
        path: The file, relative to the working directory.

    Returns:
        What was done or has to be done, as a sentence; empty where git has no say or needs nothing.
    """
    if _git("ls-files", "--error-unmatch", str(path)) == 0:
        return f"{path} is in your git repository, where others can read it: git rm --cached {path}"
    if _git("check-ignore", "--quiet", "--no-index", str(path)) != 1:
        return ""
    ignore = Path(".gitignore")
    text = ignore.read_text(encoding="utf-8") if ignore.exists() else ""
    between = "" if not text or text.endswith("\n") else "\n"
    with ignore.open("a", encoding="utf-8") as file:
        file.write(f"{between}{path.as_posix()}\n")
    return f"{path} is added to .gitignore"


def _git(*arguments: str) -> int | None:
    """Return git's exit code; None where there is no git. Outside a repository git says 128."""
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=False).returncode  # noqa: S603, S607
    except OSError:
        return None
