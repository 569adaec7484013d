"""The demo from its beginning to its end."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from tocsin.cli.demo.player import Played, Player
from tocsin.cli.demo.project import Project
from tocsin.cli.demo.receiver import Receiver
from tocsin.cli.demo.scenes import SCENES, Scene
from tocsin.cli.demo.show import Show
from tocsin.cli.demo.source import Shop

#: Pipelines that run one after the other; stock spends its time with waiting.
_LANES = ({"orders"}, {"customers", "payments"}, {"stock"})


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
        with closing(Player(project=project, shop=shop, receiver=receiver)) as player:
            played = _play(player, show)
        problems = _problems([run for _, runs in played for run in runs], receiver)
        show.end(played, timedelta(seconds=time.monotonic() - started))
        show.verdict(problems)
        show.next(kept_in=str(folder) if keep else "")
    return not problems


def _play(player: Player, show: Show) -> list[tuple[Scene, list[Played]]]:
    """Play side by side, and tell the scenes in their order."""
    runs = [run for scene in SCENES for run in scene.runs]
    coming = player.play([[run for run in runs if run.pipeline in lane] for lane in _LANES])
    told = []
    for number, scene in enumerate(SCENES, 1):
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
