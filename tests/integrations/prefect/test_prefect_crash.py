"""A flow whose process is killed, and one that crashes by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from orchestrated import Project, until

FLOWS = """
import os, signal

from prefect import flow, serve
from tocsin.integrations.prefect import flow_hooks

@flow(**flow_hooks())
def deadly():
    os.kill(os.getpid(), signal.SIGKILL)

@flow(**flow_hooks())
def leaving():
    raise SystemExit(3)

if __name__ == "__main__":
    serve(deadly.to_deployment("here"), leaving.to_deployment("here"))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[Project]:
    """Serve the flows, as one does on a machine without a worker."""
    project = Project(tmp_path_factory.mktemp("crash"), FLOWS, PREFECT_API_URL=f"{server}/api")
    serving = project.start("python", "jobs.py")
    try:
        until(lambda: project.run("prefect", "deployment", "inspect", "leaving/here").returncode == 0)
        yield project
    finally:
        os.killpg(serving.pid, signal.SIGTERM)
        serving.wait()


def test_a_flow_whose_process_was_killed_is_told_by_the_runner(project: Project) -> None:
    """The process could call no hook, so Prefect's runner calls it, and knows the signal."""
    assert project.run("prefect", "deployment", "run", "deadly/here").returncode == 0
    told = project.message("deadly died")
    assert told["severity"] == "critical"
    assert "the process was killed (SIGKILL)" in told["text"]
    assert [link["label"] for link in told["links"]] == ["Prefect flow run"]
    assert project.about("deadly") == ["deadly died"]


def test_a_flow_that_leaves_is_told_as_that(project: Project) -> None:
    """Prefect calls it a crash, and the exception in its state says more."""
    assert project.run("prefect", "deployment", "run", "leaving/here").returncode == 0
    assert "exit" in project.message("leaving exited early")["text"]
