"""Fixtures of the tests that run real programs, and of those that send to a receiver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dlt_scripts import Ended, RunScript, hide_tocsin, start, wait
from receiver import Receiver, receiving


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Give a real HTTP server, and keep the proxies of the machine out."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    with receiving() as running:
        yield running


@pytest.fixture(scope="session")
def run_script(tmp_path_factory: pytest.TempPathFactory) -> RunScript:
    """Run a script with Tocsin and, at the same time, without it."""

    def run(source: str, *, same: bool = True, **environment: str) -> Ended:
        base = tmp_path_factory.mktemp("script")
        processes = {"with": start(source, base / "with", environment)}
        if same:
            processes["without"] = start(source, base / "without", environment | hide_tocsin(base))
        ended = {name: wait(process, base / name) for name, process in processes.items()}
        if same:
            assert ended["with"].differences(ended["without"]) == ""
        return ended["with"]

    return run
