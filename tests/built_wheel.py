"""The wheel, built from a copy: to build writes the version into the sources, which other tests run meanwhile."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NEEDED = ("pyproject.toml", "README.md", "LICENSE")


def copy_sources(folder: Path) -> Path:
    """Return a new folder in this one, with what a build needs and without git."""
    copy = folder / "sources"
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "_version.py"))
    for name in _NEEDED:
        shutil.copy(ROOT / name, copy)
    return copy


def build_wheel(folder: Path) -> Path:
    """Build the wheel into this folder and return its path; it has the version of what is no checkout."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=copy_sources(folder), check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return wheel
