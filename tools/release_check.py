"""Builds what would be released into dist/ and finds out whether people can use it.

    python tools/release_check.py

The sdist is built from the checkout, and the wheel from the sdist, without git. Both must hold what is committed and
nothing else, be described well enough for the registry, and work where only they are installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from release_notes import CHANGELOG, notes

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
#: What is written when something is built.
_WRITTEN = "src/tocsin/_version.py"
#: What people type first, by what they have installed.
_FIRST = {
    "": ("doctor", "status"),
    "[dlt]": ("demo",),
    "[server]": ("db upgrade", "key create --name etl --scope ingest"),
}


def main() -> None:
    """Check it all, and end with what is wrong."""
    shutil.rmtree(DIST, ignore_errors=True)
    with TemporaryDirectory() as made:
        folder = Path(made)
        sdist, wheel = build(folder)
        version = wheel.name.split("-")[1]
        print(f"built {sdist.name} and {wheel.name}")
        run(sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel))
        wrong = [*beside(committed(""), in_sdist(sdist), "sdist"), *beside(expected_wheel(), in_wheel(wheel), "wheel")]
        if re.fullmatch(r"[\d.]+", version):
            notes(version, CHANGELOG.read_text(encoding="utf-8"))
        if wrong:
            sys.exit("\n".join(wrong))
        for extra, commands in _FIRST.items():
            installed(folder / f"environment{extra.strip('[]')}", wheel, extra, version, commands)
    print(f"version {version} can be released" if "dev" not in version else f"{version} would be fit for a tag")


def build(folder: Path) -> tuple[Path, Path]:
    """Return the sdist, and the wheel that is made of it."""
    hatchling = (sys.executable, "-m", "hatchling", "build", "--directory", str(DIST), "--target")
    run(*hatchling, "sdist", folder=ROOT)
    [sdist] = DIST.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    run(*hatchling, "wheel", folder=folder / sdist.name.removesuffix(".tar.gz"))
    [wheel] = DIST.glob("*.whl")
    return sdist, wheel


def committed(below: str) -> set[str]:
    """Return the files below a folder that git knows."""
    return {name for name in run("git", "ls-files", "-z", below or ".", folder=ROOT).split("\0") if name}


def expected_wheel() -> set[str]:
    """Return what a wheel has to hold, besides what describes it."""
    return {name.removeprefix("src/") for name in {*committed("src/tocsin"), _WRITTEN}}


def in_sdist(path: Path) -> set[str]:
    """Return the files in an sdist but for those that building it adds."""
    with tarfile.open(path) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    return names - {"PKG-INFO", _WRITTEN}


def in_wheel(path: Path) -> set[str]:
    """Return the files in a wheel but for those that describe it."""
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def beside(expected: set[str], found: set[str], what: str) -> list[str]:
    """Return a line for each file that is missing, and for each that nobody has committed."""
    missing = [f"the {what} has no {name}" for name in sorted(expected - found)]
    return [*missing, *(f"the {what} has {name}, which is not committed" for name in sorted(found - expected))]


def installed(environment: Path, wheel: Path, extra: str, version: str, commands: tuple[str, ...]) -> None:
    """Install the wheel where nothing else is, and type what people type first."""
    run(sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(environment))
    wanted = [f"{wheel}{extra}", *(["dlt[duckdb]"] if extra == "[dlt]" else [])]
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(environment), *wanted)
    place = environment / "empty"
    place.mkdir()
    said = run(str(environment / "bin" / "tocsin"), "--version", folder=place)
    if version not in said:
        sys.exit(f"{wheel.name} says that it is {said}")
    for command in commands:
        print(f"dlt-tocsin{extra}: tocsin {command}")
        run(str(environment / "bin" / "tocsin"), *command.split(), folder=place)


def run(*command: str, folder: Path | None = None) -> str:
    """Run a command that has to succeed, with no settings of whoever releases, and return what it says."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN__", "PYTHON"))}
    home = {"TOCSIN__HOME": str(folder / "home")} if folder and folder.name == "empty" else {}
    done = subprocess.run(  # noqa: S603  # our own commands
        command, cwd=folder, env=ours | home, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
