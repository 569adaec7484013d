"""One server of Prefect for all tests."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from orchestrated import Project, until


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a server on the loopback and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    project = Project(tmp_path_factory.mktemp("server"), "", PREFECT_SERVER_ANALYTICS_ENABLED="false")
    process = project.start("prefect", "server", "start", "--port", str(port))

    def answers() -> bool:
        assert process.poll() is None, (project.folder / "out.txt").read_text()
        try:
            with urlopen(f"{address}/api/health") as health:  # noqa: S310  # our own server
                return bool(health.status == 200)
        except URLError:
            return False

    try:
        until(answers)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
