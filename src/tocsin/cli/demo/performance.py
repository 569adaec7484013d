"""The demo from its beginning to its end."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from tocsin.cli.demo.player import Played, Player
from tocsin.cli.demo.project import EXPECTED, Project
from tocsin.cli.demo.receiver import Receiver
from tocsin.cli.demo.scenes import PARTS, Part, PlannedRun, Scene
from tocsin.cli.demo.show import Show
from tocsin.cli.demo.source import Shop

_Told: TypeAlias = tuple[Scene, list[Played]]


def perform(*, keep: bool) -> bool:
    """Play all scenes and tell them.

    Args:
        keep: Leave the folder, and say where it is.

    Returns:
        Whether every expected message came, and no other.
    """
    started = time.monotonic()
    with _folder(keep=keep) as folder, Shop() as shop, Receiver() as receiver:
        project = Project(folder=folder)
        project.write(url=shop.url, hook=receiver.hook)
        show = Show()
        show.begin(receiver.hook)
        told: list[_Told] = []
        unseen: list[Played] = []
        with closing(Player(project=project, shop=shop, receiver=receiver)) as player:
            for part in PARTS:
                if part.watched:
                    project.expect()
                    show.watched(EXPECTED)
                with player.watching() if part.watched else nullcontext():
                    coming = player.play(part.lanes)
                    told += _tell(part, coming, show, first=len(told) + 1)
                    unseen += [coming[run].result() for run in part.unseen]
        problems = _problems([*(run for _, runs in told for run in runs), *unseen], receiver)
        show.end(told, timedelta(seconds=time.monotonic() - started))
        show.verdict(problems)
        show.next(kept_in=str(folder) if keep else "")
    return not problems


def _tell(part: Part, coming: Mapping[PlannedRun, Future[Played]], show: Show, *, first: int) -> list[_Told]:
    """Tell scenes that are played side by side in their order."""
    told = []
    for number, scene in enumerate(part.scenes, first):
        show.before(number, scene)
        with show.waiting(scene):
            played = [coming[run].result() for run in scene.runs]
        show.after(scene, played)
        told.append((scene, played))
    return told


def _problems(runs: Sequence[Played], receiver: Receiver) -> list[str]:
    attributed = [message for run in runs for message in run.received]
    return [
        *(problem for run in runs for problem in run.problems),
        *(f"unexpected: “{message.title}”" for message in receiver.received if message not in attributed),
        *(f"Slack would have refused a message: {complaint}" for complaint in receiver.refused),
    ]


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tocsin-demo-")).resolve()
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
