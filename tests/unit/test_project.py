"""The rules of the house that no linter knows."""

from __future__ import annotations

import re
import statistics
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from committed import ROOT, committed_files

SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

#: Names that say nothing about what is inside.
EMPTY_NAMES = re.compile(r"^(base_.*|common|helpers?|managers?|misc|services?|utils?)$")
#: Where packages come from is a matter of the machine that installs them.
REGISTRY = re.compile(r"\b(pypi|pythonhosted|npmjs|crates)\.(org|com|io)\b|\bproxy\.golang\.|\bdeb\.debian\.")


def texts() -> Iterator[tuple[str, int, str]]:
    """Yield path, number and text of each line that people can read."""
    for path in committed_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        yield from ((str(path.relative_to(ROOT)), number, line) for number, line in enumerate(lines, 1))


def length(path: Path) -> int:
    """Return the lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


def test_source_files_stay_short() -> None:
    """No source file is longer than 500 lines, and half of them have 120 at most."""
    lengths = {str(path.relative_to(ROOT)): length(path) for path in SOURCES}

    assert {path: lines for path, lines in lengths.items() if lines > 500} == {}
    assert statistics.median(lines for lines in lengths.values() if lines > 5) <= 120


def test_test_files_stay_short() -> None:
    """No file of tests is longer than 600 lines."""
    assert [str(path.relative_to(ROOT)) for path in TESTS if length(path) > 600] == []


def test_names_of_source_files_say_what_is_inside() -> None:
    """No module or folder is called after being useful."""
    names = {part for path in SOURCES for part in path.relative_to(ROOT / "src").with_suffix("").parts}

    assert {name for name in names if EMPTY_NAMES.match(name)} == set()


def test_names_of_test_files_are_unique() -> None:
    """A name of a test file is enough to find it."""
    names = Counter(path.name for path in TESTS if path.name != "conftest.py")

    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(REGISTRY, id="package registries"),
        pytest.param(re.compile(rf"{re.escape(str(Path.home()))}\b/"), id="home folder"),
        pytest.param(re.compile(rf"{re.escape(str(ROOT))}\b"), id="checkout"),
    ],
)
def test_no_file_names_the_machine_it_was_written_on(pattern: re.Pattern[str]) -> None:
    """What is committed means the same on every machine."""
    assert [f"{path}:{number}: {line.strip()}" for path, number, line in texts() if pattern.search(line)] == []


def test_every_dependency_is_pinned() -> None:
    """Each distribution that pyproject.toml asks for stands in constraints.txt with its version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = {re.split(r"[^\w-]", entry)[0] for entry in [*project["dependencies"], *(e for x in extras for e in x)]}
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE))

    assert wanted - pinned == {project["name"]}


@pytest.mark.docs
def test_the_changelog_is_a_list_of_versions_with_their_days() -> None:
    """Newest first, each with the day of its release; only the first may still wait for it."""
    headings = re.findall(r"^## (.*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    found = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \((unreleased|\d{4}-\d\d-\d\d)\)", heading) for heading in headings]
    versions = [tuple(map(int, match.groups()[:3])) for match in found if match]

    assert len(versions) == len(headings)
    assert versions == sorted(versions, reverse=True)
    assert [match[4] for match in found[1:] if match and match[4] == "unreleased"] == []


@pytest.mark.docs
def test_every_target_of_make_is_explained() -> None:
    """`make help` lists each target that a person may type."""
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: ([\w-]+)$", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([\w-]+):.*## \S", makefile, re.MULTILINE))

    assert {"bench", "clean", "demo", "docs", "lint", "test", "test-dlt-versions"} <= explained == phony
