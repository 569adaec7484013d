"""The page about Prefect says what happens."""

from __future__ import annotations

from pathlib import Path

from orchestrated import Page, Project


def test_what_the_page_about_prefect_shows_is_what_comes(tmp_path: Path, server: str) -> None:
    """Whoever pastes its files and types its command gets its message, and the blocked task in the list."""
    page, project = Page("prefect.md"), Project(tmp_path, "", PREFECT_API_URL=f"{server}/api")

    [ended] = page.followed(project)

    assert ended.returncode == 1
    told = project.message("orders failed (attempt 2 of 2)")
    assert [line for line in page.shown() if line not in told["text"].splitlines()] == []
    assert project.titles() == ["orders failed (attempt 1 of 2)", "orders failed (attempt 2 of 2)"]
    assert "not started, because nightly.load_orders failed" in project.run("tocsin", "show", "nightly.sum_up").stdout
