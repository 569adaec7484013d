"""The files in deploy/ and the workflows, as those judge them who read them: no container engine is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deployed import DEPLOY, MANIFESTS, UNITS, compose, documents, instruction, pods
from tocsin.config.load import load

ROOT = DEPLOY.parent
PORT = load([], home=Path("home")).port
WORKFLOWS = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), DEPLOY / "github-actions" / "pipeline.yml"]


def judge(tool: str, *words: str | Path) -> None:
    """Let a tool of this environment judge; what it says is shown where it finds fault."""
    command = [str(Path(sys.executable).with_name(tool)), *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_well_made() -> None:
    """Hadolint finds nothing to complain about."""
    judge("hadolint", DEPLOY / "Dockerfile")


def test_yaml_is_written_in_one_way() -> None:
    """Yamllint finds nothing: no key twice, no word that means a truth value by accident."""
    judge("yamllint", "--strict", DEPLOY, ".github")


def test_compose_can_read_its_file() -> None:
    """It is of the form that the specification of Compose demands."""
    judge("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose" / "compose.yaml")


def test_actions_can_read_the_workflows() -> None:
    """They are of the form that GitHub demands."""
    judge("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)


def test_workflows_give_nobody_more_than_needed() -> None:
    """Zizmor finds no text from outside in a script, no action that may change, and no permission too many."""
    judge("zizmor", "--offline", "--quiet", *WORKFLOWS)


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_kubernetes_can_read_the_manifests(version: str) -> None:
    """Old and new versions know all that is written there."""
    known = [path for path in MANIFESTS if path.name != "service-monitor.yaml"]
    judge("kubernetes-validate", "--strict", "--quiet", "-k", version, *known)


def test_all_manifests_are_applied() -> None:
    """The list of what is applied has each of them, but for what needs an operator."""
    [listed] = documents(DEPLOY / "kubernetes" / "kustomization.yaml")

    assert {*listed["resources"], "service-monitor.yaml"} == {path.name for path in MANIFESTS}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_can_read_the_units(path: Path, tmp_path: Path) -> None:
    """It knows each key and each value, and calls the service well protected."""
    copy = tmp_path / path.name
    copy.write_text(re.sub(r"/\S+/bin/tocsin", sys.executable, path.read_text()))
    verified = ["systemd-analyze", "verify", "--man=no", str(copy)]
    assert subprocess.run(verified, check=False, capture_output=True, text=True).stderr == ""

    judged = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(copy)]
    done = subprocess.run(judged, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_all_speak_of_one_port() -> None:
    """The image, Compose and Kubernetes use the port that the server listens on by itself."""
    [server] = pods()["tocsin-server"]["containers"]
    asked = re.search(r"127\.0\.0\.1:(\d+)/healthz", instruction("HEALTHCHECK"))

    assert instruction("EXPOSE") == str(PORT)
    assert asked
    assert asked[1] == str(PORT)
    assert compose()["server"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert server["ports"] == [{"name": "http", "containerPort": PORT}]


def test_all_speak_of_one_user() -> None:
    """What runs in Kubernetes has the number that the files of the image belong to."""
    user, group = map(int, instruction("USER").split(":"))

    for pod in pods().values():
        wanted = {"runAsUser": user, "runAsGroup": group, "fsGroup": group, "runAsNonRoot": True}
        assert wanted.items() <= pod["securityContext"].items()


def test_nothing_but_its_home_can_be_written() -> None:
    """Each container of ours has a root file system that is read-only, no rights, and a home that is not."""
    home = instruction("VOLUME")
    for service in (service for name, service in compose().items() if name != "postgres"):
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    for pod in pods().values():
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            limits = container["securityContext"]
            writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
            assert limits["readOnlyRootFilesystem"] is True
            assert limits["capabilities"] == {"drop": ["ALL"]}
            assert writable == {home, "/tmp"}  # noqa: S108  # of the container
