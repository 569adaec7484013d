"""What the changelog says of a version, and what a release is refused for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from release_notes import notes

import tocsin

CHANGELOG = """# Changelog

## 0.3.0 (unreleased)

- Something that comes.

## 0.2.0 (2026-05-04)

### Added

- A thing.

## 0.1.0 (2026-01-02)
"""


@pytest.mark.parametrize("version", ["0.2.0", "v0.2.0"])
def test_notes_are_the_section_of_the_version(version: str) -> None:
    """All between its heading and the next, and nothing of other versions."""
    assert notes(version, CHANGELOG) == "### Added\n\n- A thing.\n"


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        pytest.param("0.3.0", "write the day of its release", id="no day"),
        pytest.param("0.1.0", "write what changes", id="nothing in it"),
        pytest.param("0.4.0", r"write ## 0\.4\.0 \(YYYY-MM-DD\)", id="no section"),
        pytest.param("0.2", "has no section", id="the beginning of another version"),
    ],
)
def test_a_version_without_notes_is_no_release(version: str, remedy: str) -> None:
    """Whoever releases is told what to write."""
    with pytest.raises(ValueError, match=remedy):
        notes(version, CHANGELOG)


def test_each_public_name_is_shown_to_type_checkers() -> None:
    """What `__all__` lists is used in the file that mypy and pyright read."""
    path = Path(__file__).parents[1] / "typing" / "public_types.py"
    names = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}

    assert {f"tocsin.{name}" for name in tocsin.__all__} <= names
