"""Fixtures of the tests that run real programs."""

from __future__ import annotations

import pytest

from dlt_scripts import Ended, RunScript, hide_tocsin, start, wait


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
