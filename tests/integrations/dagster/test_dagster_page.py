"""The page about Dagster says what happens."""

from __future__ import annotations

from pathlib import Path

from orchestrated import Page, Project


def test_what_the_page_about_dagster_shows_is_what_comes(tmp_path: Path) -> None:
    """Whoever pastes its files and types its command gets its message."""
    home = tmp_path / "dagster"
    home.mkdir()
    page, project = Page("dagster.md"), Project(tmp_path, "", DAGSTER_HOME=str(home))

    [ended] = page.followed(project)

    assert "RUN_FAILURE" in ended.stderr
    told = project.message("orders failed (attempt 2 of 2)")
    assert [line for line in page.shown() if line not in told["text"].splitlines()] == []
    assert project.titles() == ["orders failed (attempt 1 of 2)", "orders failed (attempt 2 of 2)"]
