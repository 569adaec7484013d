"""The wheel, as it is installed by people: it brings all that pages are made of."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from browser import Browser
from built_wheel import build_wheel
from served import serving
from tocsin.web.assets import assets

PAGES = ("/", "/alerts", "/silences", "/silences/new", "/channels", "/checks", "/rules", "/system", "/help", "/login")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and put it where no checkout is, before what it depends on: that is here already."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build_wheel(folder)
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*uv, "--target", str(folder / "site"), str(wheel)], check=True, capture_output=True)
    return folder / "site"


def test_it_serves_every_page_and_every_file(installed: Path, tmp_path: Path) -> None:
    """Templates, styles, script and signs are in it; what is served is what is here."""
    where = [sys.executable, "-c", "import tocsin; print(tocsin.__file__)"]
    environment = {"PYTHONPATH": str(installed)}
    found = subprocess.run(where, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    assert found.stdout.startswith(str(installed))

    with serving(tmp_path, **environment) as served:
        browser = served.browser()
        asked = {address for path in PAGES for address in _asked(browser, path)}
        for address in asked:
            assert browser.get(address).status == 200, address
        for name, asset in assets().items():
            answer = browser.get(f"/static/{name}")
            assert (answer.status, answer.body) == (200, asset.content.decode()), name


def _asked(browser: Browser, path: str) -> list[str]:
    """Return the addresses of the files that a page needs."""
    answer = browser.get(path)
    assert answer.status == 200, path
    needed = re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", answer.body)
    assert needed, path
    return needed
