"""What the files in deploy/ say, for tests that do as they say."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANIFESTS = sorted(set((DEPLOY / "kubernetes").glob("*.yaml")) - {DEPLOY / "kubernetes" / "kustomization.yaml"})


def documents(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a file of YAML."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def compose() -> dict[str, Any]:
    """Return the services of Compose, by name."""
    services: dict[str, Any] = documents(DEPLOY / "compose" / "compose.yaml")[0]["services"]
    return services


def pods() -> dict[str, Any]:
    """Return what is said of the pods of each job and deployment, by the name of the latter."""
    made = [document for path in MANIFESTS for document in documents(path) if "template" in document.get("spec", {})]
    return {document["metadata"]["name"]: document["spec"]["template"]["spec"] for document in made}


def instruction(word: str) -> str:
    """Return what follows the last instruction of this name in the Dockerfile, in one line."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    *_, last = re.finditer(rf"^{word} (.*)$", text, re.MULTILINE)
    return last[1]


def command(word: str) -> list[str]:
    """Return the words of an instruction in the Dockerfile that starts a program: of its list, after any options."""
    given = instruction(word)
    words: list[str] = json.loads(given[given.index("[") :])
    return words


def unit(path: Path) -> configparser.SectionProxy:
    """Return the section [Service] of a unit; of a key that is there twice, the last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys of systemd have capital letters
    parser.read(path, encoding="utf-8")
    return parser["Service"]
