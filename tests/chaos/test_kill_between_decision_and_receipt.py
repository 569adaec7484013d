"""What arrives when the engine is killed at any step or line between the decision to tell and the receipt."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from envelopes import read_item
from killing import MODULES
from made import at
from receiver import Connection, Request, answer, receiving
from tocsin.core.run import Outcome

PROGRAM = Path(__file__).with_name("engine_killed.py")
STORY, ALL, SILENCED_UNTIL = (runpy.run_path(str(PROGRAM))[name] for name in ("STORY", "ALL", "SILENCED_UNTIL"))
#: What the story has no use for: reports that come late, second refusals, channels that were removed, and what people
#: ask of silences.
NOT_PASSED = {
    "deliver": {"_give_back"},  # only after a standstill: see test_engine_rate.py
    "evaluate": {"_was_missing"},
    "fallback": {"_is_known"},
    "follow": {"_with_lineage"},  # for channels of OpenLineage alone
    "settle": {"bury"},
    "silences": {"end_silence", "preview", "_find", "_could_fit", "_named"},
}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One message as a receiver got it."""

    channel: str
    #: The alert, the group or the run that it is about.
    about: str
    key: str
    says: str
    #: The pipelines that it names.
    names: frozenset[str]


@pytest.fixture(autouse=True)
def _only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of the machine out, and let the program find what it imports."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parents[1]))


@pytest.mark.parametrize("number", range(len(STORY)), ids=[act.name.replace(" ", "-") for act in STORY])
def test_whatever_was_killed_where_the_same_is_told(tmp_path: Path, stage_url: str, number: int) -> None:
    """Each receiver hears the same in the same order as if nobody had died, and what it hears twice has one key."""
    worlds, summary, heard = kill_in_act(tmp_path, stage_url, number)
    before = [each for index in range(number) for each in heard[f"story-{index}"]]
    undisturbed = told([*before, *heard["undisturbed"]])

    assert not failed_by(number) - {name for each in [*before, *heard["undisturbed"]] for name in each.names}
    for world in worlds:
        assert told([*before, *heard[world["world"]]]) == undisturbed, world
        assert (world["waiting"], world["spool"]) == ([], 0), world
    assert summary["killed"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_every_decision_was_interrupted(tmp_path: Path, stage_url: str) -> None:
    """The story passes every function between the decision and the receipt, so that none is left out of the kills."""
    _, summary, _ = kill_in_act(tmp_path, stage_url, len(STORY) - 1)
    passed = defaultdict[str, set[int]](set)
    for module, line in summary["lines"]:
        passed[module].add(line)

    left_out = {}
    for module in MODULES:
        name = module.__name__.rpartition(".")[2]
        functions = {each.__qualname__: each.__code__ for each in functions_of(module)}
        missing = {
            function
            for function, code in functions.items()
            # The first line of a function is its head.
            if not passed[name] & {line for *_, line in code.co_lines() if line != code.co_firstlineno}
        }
        if missing:
            left_out[name] = missing
    assert left_out == NOT_PASSED


def kill_in_act(
    folder: Path, store: str, number: int
) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, list[Heard]]]:
    """Return the worlds in which an act was interrupted, what there is to say about all of them, and what was heard."""
    with receiving() as receiver:
        receiver.answers(by_channel)
        command = [sys.executable, "-W", "error", str(PROGRAM), str(folder), store, receiver.url, str(number)]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, "")
        heard = defaultdict[str, list[Heard]](list)
        for request in receiver.requests:
            world, channel = request.target.split("/")[5:7]
            heard[world].append(read(channel, request))
    *worlds, summary = map(json.loads, ended.stdout.splitlines())
    return worlds, summary, heard


def by_channel(connection: Connection) -> None:
    """Refuse what comes over the broken channel."""
    assert connection.request is not None
    answer(400 if connection.request.target.endswith("/broken") else 200)(connection)


def read(channel: str, request: Request) -> Heard:
    """Read a message."""
    if channel == "runs":
        trace = read_item(request).payload
        about = str(trace["contexts"]["trace"]["data"]["run_id"])
        return Heard(channel=channel, about=about, key=trace["event_id"], says="", names=frozenset())
    content = request.json
    # When the alert about a channel was opened is part of its id, and depends on when the channel was tried.
    about = content["title"][:14] if content["title"].startswith("channel") else content["alert_id"]
    names = frozenset(name for name in ALL if name in content["text"] or name in content["title"])
    return Heard(channel=channel, about=about, key=request.headers["webhook-id"], says=content["title"], names=names)


def told(heard: Iterable[Heard]) -> dict[tuple[str, str], list[str]]:
    """Return what each channel heard of each alert, group and run, one message in a row with the same key taken once.

    What the broken channel is given in vain is left out, and so is what is repeated of it: that depends on when it was
    tried.
    """
    said = defaultdict[tuple[str, str], list[Heard]](list)
    for each in heard:
        if each.channel != "broken" and not each.says.startswith("channel broken still"):
            said[each.channel, each.about].append(each)
    return {what: [next(same).says for _, same in groupby(those, lambda one: one.key)] for what, those in said.items()}


def failed_by(number: int) -> set[str]:
    """Return the pipelines that have failed by an act, unless they are silenced to the end."""
    failed = {run.pipeline for act in STORY[: number + 1] for run in act.reports if run.outcome is Outcome.FAILED}
    return failed if at(STORY[number].minute) >= SILENCED_UNTIL else failed - {"quiet"}


def functions_of(module: ModuleType) -> Iterator[FunctionType]:
    """Yield the functions that are written in a module, those of its classes included."""
    classes = [each for each in vars(module).values() if isinstance(each, type)]
    for place in (module, *classes):
        for each in vars(place).values():
            if isinstance(each, FunctionType) and each.__code__.co_filename == module.__file__:
                yield each
