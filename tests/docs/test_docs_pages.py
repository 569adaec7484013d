"""A stranger's test: from an empty folder, following one page and nothing else, everything comes out as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import Page, pages
from stand_ins import StandIns
from stranger import Stranger, is_here

pytestmark = pytest.mark.docs

_PAGES = [page for page in pages() if any(block.executed for block in page.blocks)]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_page(
    page: Page, tmp_path: Path, stand_ins: StandIns, warm: Path | None, request: pytest.FixtureRequest
) -> None:
    """Every block of the page is written, typed or read in its order."""
    needed = {block.said["needs"] for block in page.blocks if "needs" in block.said}
    missing = sorted(name for name in needed if not is_here(name))
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)}")
    postgres = request.getfixturevalue("postgres") if "postgres" in needed else None
    stranger = Stranger(place=tmp_path / "stranger", stand_ins=stand_ins, warm=warm, postgres=postgres)
    stand_ins.forget()
    try:
        for block in page.blocks:
            try:
                stranger.follow(block)
            except AssertionError as error:
                raise AssertionError(f"{page.name}, line {block.line}: {error}") from error
    finally:
        stranger.leave()
