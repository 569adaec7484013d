"""The page about monitoring shows what the commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cli_project import Project
from recorded_runs import counts
from tocsin.cli.drawing import draw_trend
from tocsin.core.series import Measure
from tocsin.core.trend import trend

_PAGE = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text(encoding="utf-8")
_COMMANDS = re.findall(r"^```console\n\$ ([^\n]*)\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_DRAWINGS = re.findall(r"^```text\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_SCHEDULE = '[tocsin.pipelines.orders]\nschedule = "0 6 * * *"\nstart_within = "30m"\n'

pytestmark = pytest.mark.docs


def _without_ranges(text: str) -> list[str]:
    """Return the words of a text without the bounds of what is usual, which a change of the method moves a little."""
    return re.sub(r"[\d,.]+ to [\d,.]+", "RANGE", text, flags=re.IGNORECASE).split()


@pytest.mark.parametrize(("command", "printed"), _COMMANDS)
def test_every_command_prints_what_the_page_shows(fortnight: Project, command: str, printed: str) -> None:
    """It is typed where two weeks of runs were seen, beside a file of counts."""
    fortnight.configure(_SCHEDULE)
    (fortnight.folder / "counts.csv").write_text(counts())

    program, *words = shlex.split(command)
    result = fortnight.tocsin(*words)

    assert program == "tocsin"
    assert _without_ranges(result.stdout) == _without_ranges(printed)
    assert result.exit_code == ("--budget" in words)


def test_the_drawing_is_that_of_a_terminal(fortnight: Project) -> None:
    """Of the same runs; where the shade ends is a matter of the method."""
    with fortnight.writing() as tx:
        series = tx.series("orders", "default")[Measure.ROWS, "orders"]
        shown = trend(series, tx.alerts(subject="orders"), false_alerts=0.3, newest=60)

    drawn = ["".join(cell.text for cell in line) for line in draw_trend(shown, 76)]

    (page,) = _DRAWINGS
    assert [_signs(line) for line in drawn[-2:]] == [_signs(line) for line in page.splitlines()[-2:]]
    assert "".join(sorted(_signs("".join(drawn)))) == "".join(sorted(_signs(page)))


def _signs(text: str) -> str:
    return "".join(re.findall(r"[●✕○┤a-z]", text))


def test_every_option_that_is_named_exists(project: Project) -> None:
    """A page must not promise what the command refuses."""
    for command in ("report", "backtest", "history"):
        help_text = project.says(command, "--help")
        named = set(re.findall(rf"`tocsin {command} [^`]*?(--[a-z-]+)", _PAGE))
        assert {option for option in named if option not in help_text} == set()
    assert {"--csv", "--loads", "--traces", "--budget", "--tune"} <= set(re.findall(r"--[a-z]+", _PAGE))
