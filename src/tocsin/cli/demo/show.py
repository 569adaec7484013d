"""How the demo is told: on a terminal with colours, in a pipe as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tocsin.cli.demo.player import Played
from tocsin.cli.demo.scenes import Act, Scene
from tocsin.cli.demo.slack_view import Beside, slack_message
from tocsin.core.words import count, duration

#: Lines longer than this are hard to read, however wide the window is.
_WIDEST = 100
_NEXT = (
    ("tocsin init", "set up your channel and send a test message"),
    ("tocsin status", "what is wrong, since when and who knows"),
    ("tocsin show ID", "all about a run or an alert, and who was told why"),
)


class Show:
    """Prints as it goes. All texts are literal."""

    def __init__(self) -> None:
        """Print to stdout, as wide as it is."""
        self._console = Console(highlight=False, markup=False, emoji=False)
        self._console.width = min(self._console.width, _WIDEST)

    def begin(self, hook: str) -> None:
        """Say what this is, and what is configured."""
        self._print(Text("Tocsin: a demo", style="bold"), space=True)
        self._print(
            "Real dlt pipelines load a local REST API, page by page, into DuckDB. Their code does not know of "
            "Tocsin. Tocsin is installed beside dlt, and all that is configured is dlt's own setting for Slack. It "
            "leads to a local receiver, which refuses what Slack would refuse:",
            space=True,
        )
        self._file(f'# .dlt/secrets.toml\n[runtime]\nslack_incoming_hook = "{hook}"')

    def watched(self, config: str) -> None:
        """Say what it takes to hear of what does not happen."""
        self._print(Rule(style="dim"), space=True)
        self._print(
            "So far each message was about something that happened in a run. What does not happen calls nobody "
            "back: it takes somebody who knows what is expected, and looks. So from here on `tocsin watch` runs "
            "beside the pipelines, and this is expected of them, with seconds where you would write hours:",
            space=True,
        )
        self._file(f"# .dlt/config.toml\n{config}")

    def before(self, number: int, scene: Scene) -> None:
        """Say what happens."""
        self._print(Rule(Text(f"{number}  {scene.title}", style="bold"), align="left", style="dim"), space=True)
        self._print(scene.before)

    @contextmanager
    def waiting(self, scene: Scene) -> Iterator[None]:
        """Show on a terminal that something is under way."""
        if self._console.is_terminal:
            with self._console.status(Text(_doing(scene), style="dim")):
                yield
        else:
            yield

    def after(self, scene: Scene, played: Sequence[Played]) -> None:
        """Show what was received, and say what to notice."""
        messages = [(message, run) for run in played for message in run.received]
        for message, run in messages:
            arrived = Text(f"Slack, {_seconds(run)} after {run.since}", style="dim")
            self._print(Beside(body=arrived, first="   "), space=True)
            self._print(Beside(body=slack_message(message.payload), first="   "))
        if not messages:
            self._print(Beside(body=Text("Slack: nothing", style="dim"), first="   "), space=True)
        self._print(Beside(body=Text(scene.after), first="→ ", later="  ", style="green"), space=True)

    def end(self, scenes: Sequence[tuple[Scene, Sequence[Played]]], took: timedelta) -> None:
        """Sum up."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("What happened")
        table.add_column("What you were told")
        table.add_column("After", justify="right", no_wrap=True)
        for number, (scene, played) in enumerate(scenes, 1):
            told = [(message.title, _seconds(run)) for run in played for message in run.received]
            for title, delay in told or [("nothing", "")]:
                table.add_row(f"{number}  {scene.title}", Text(title, style="" if told else "dim"), delay)
        played_runs = [run for _, played in scenes for run in played]
        runs = sum(run.planned.act in {Act.RUN, Act.BEGIN} for run in played_runs)
        messages = sum(len(run.received) for run in played_runs)
        self._print(Rule(style="dim"), space=True)
        self._print(Beside(body=table, first=""))
        self._print(
            f"{count(runs, 'run')}, {count(messages, 'message')}, and not one line of code, in {duration(took)}.",
            space=True,
        )

    def verdict(self, problems: Sequence[str]) -> None:
        """Say whether all was as it should be; a problem is one text."""
        if not problems:
            self._print(Text("✓ Every message came that had to come, and no other.", style="green"))
            return
        self._print(Text("✕ The demo did not go as it should:", style="bold red"), space=True)
        for problem in problems:
            self._print(Beside(body=Text(problem), first="- ", later="  "))

    def next(self, *, kept_in: str) -> None:
        """Say where to look next.

        Args:
            kept_in: The folder where everything stays, or an empty text.
        """
        table = Table.grid(padding=(0, 3, 0, 0))
        for typed, does in _NEXT:
            table.add_row(Text(typed, style="bold"), Text(does))
        self._print(Text("Next, in a project of your own", style="dim"), space=True)
        self._print(Beside(body=table, first="   "))
        if kept_in:
            self._print(Text("All that the demo left behind", style="dim"), space=True)
            self._console.print(f"   cd {kept_in} && DLT_DATA_DIR=data tocsin alerts", style="bold", soft_wrap=True)
        else:
            self._print("`tocsin demo --keep` keeps the scripts and the database, to look around.", space=True)

    def _file(self, content: str) -> None:
        self._console.print()
        for line in content.splitlines():
            self._console.print(f"   {line}".rstrip(), style="cyan", soft_wrap=True)

    def _print(self, what: RenderableType, *, space: bool = False) -> None:
        if space:
            self._console.print()
        self._console.print(what)


def _seconds(run: Played) -> str:
    return "" if run.delay is None else f"{run.delay:.2f} s"


def _doing(scene: Scene) -> str:
    if all(run.act is Act.LEAVE for run in scene.runs):
        return "waiting for its time"
    return f"running {' and '.join(dict.fromkeys(f'{run.pipeline}.py' for run in scene.runs))}"
