"""Makes the pictures of the pages that the documentation shows: wide and narrow, light and dark.

    python tools/screenshots.py [NAME …]

They show the shop that the tests look at. Debian's packages chromium and, for smaller files, pngquant are used.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from chromium import NARROW, WIDE, Visit, running_chromium  # the path above leads to these
from served_here import served_here
from shown_pages import addresses
from watched_shop import Shop, fill

PICTURES = Path(__file__).parents[1] / "docs" / "images" / "pages"
#: What is shown, by the names of `shown_pages.ADDRESSES`.
SHOWN = (
    "overview",
    "alerts",
    "alert",
    "silences",
    "silence-new",
    "channels",
    "routes",
    "pipeline",
    "run",
    "compare",
    "checks",
    "check",
    "rules",
    "system",
    "login",
    "help",
)
#: Pixels from the top of a page; what is below says nothing new about how it looks.
_HIGHEST = 1500
_DAYS = 30


def main(names: list[str]) -> None:
    """Make the pictures of these pages, by default of all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), days=_DAYS, hostile=False)
        shop = Shop(Path(folder))
        paths = addresses(shop)
        with served_here(shop.engine) as server, running_chromium() as browser:
            for name in names or SHOWN:
                _take(browser, server.address, name, paths[name])
        shop.store.close()


def _take(browser: Browser, site: str, name: str, path: str) -> None:
    for width in (WIDE, NARROW):
        visit = Visit(browser, site, width=width)
        page = visit.go(path)
        for look in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if look == "dark" else "light")
            _save(page, PICTURES / f"{name}-{width}-{look}.png", width)
        visit.close()


def _save(page: Page, target: Path, width: int) -> None:
    height = min(int(page.evaluate("document.documentElement.scrollHeight")), _HIGHEST)
    page.screenshot(path=target, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height})
    if pngquant := shutil.which("pngquant"):
        subprocess.run([pngquant, "--force", "--ext", ".png", "--speed", "1", "64", "--", target], check=True)  # noqa: S603  # our own picture


if __name__ == "__main__":
    main(sys.argv[1:])
