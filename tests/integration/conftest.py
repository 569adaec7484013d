"""Fixtures of the tests that run real programs."""

from __future__ import annotations

import pytest

from dlt_scripts import Ended, RunScript, start, wait


@pytest.fixture(scope="session")
def run_script(tmp_path_factory: pytest.TempPathFactory) -> RunScript:
    """Run a script with Tocsin and, at the same time, without it."""

    def run(source: str, *, same: bool = True, args: tuple[str, ...] = (), **environment: str) -> Ended:
        base = tmp_path_factory.mktemp("script")
        without = {"DLT_DISABLE_PLUGINS": "true"}
        processes = {"with": start(source, base / "with", args, environment)}
        if same:
            processes["without"] = start(source, base / "without", args, environment | without)
        ended = {name: wait(process, base / name) for name, process in processes.items()}
        if same:
            assert ended["with"].differences(ended["without"]) == ""
        return ended["with"]

    return run
