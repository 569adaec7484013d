"""What the pages are followed with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stand_ins import StandIns, standing_in
from typed_process import wait_until


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    """Play the receivers for all pages."""
    with standing_in(tmp_path_factory.mktemp("stand_ins")) as receivers:
        yield receivers


@pytest.fixture(scope="session")
def warm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """Give the socket of a process that commands are forked from."""
    if request.config.getoption("--cold"):
        yield None
        return
    address = tmp_path_factory.mktemp("warm") / "socket"
    script = Path(__file__).parents[1] / "warm_tocsin.py"
    with subprocess.Popen([sys.executable, str(script), str(address)]) as process:
        wait_until(lambda: address.exists() or process.poll() is not None, "the imports")
        yield address
        process.terminate()
