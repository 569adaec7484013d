"""The page about the API tells what can be asked."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import api_facts
from served import serving

_PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```bash\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_CALLS = [line for block in _BLOCKS for line in block.splitlines() if line.startswith("curl ")]

pytestmark = [pytest.mark.docs, pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the page exports, for a server with some of everything."""
    folder = tmp_path_factory.mktemp("api")
    variables = {**os.environ, "TOCSIN__HOME": str(folder / "home")}
    with serving(folder, settings=api_facts.CHANNEL) as served:
        api_facts.fill(served.engine.store)
        create = re.search(r"^tocsin (key create .*?)\s+#", _PAGE, re.MULTILINE)
        assert create
        command = [str(Path(sys.executable).with_name("tocsin")), *create[1].split(), "--json"]
        made = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True)
        key = json.loads(made.stdout)["key"]
        yield {**variables, "TOCSIN_API": f"{served.address}/api/v1", "KEY": f"Authorization: Bearer {key}"}


def test_the_page_shows_how_to_ask_and_to_act() -> None:
    """There are examples of both."""
    assert len(_CALLS) == 10


@pytest.mark.parametrize("call", _CALLS, ids=range(1, len(_CALLS) + 1))
def test_every_example_is_answered(environment: dict[str, str], call: str) -> None:
    """It is typed as it stands there, after those above it, and `-f` lets curl fail at a problem."""
    done = subprocess.run(["/bin/bash", "-c", call], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)
