"""Problems that were told together, as the commands show them."""

from __future__ import annotations

import json
from datetime import timedelta

from cli_project import TO_A_FILE, Project
from made import run

_TOGETHER = """
[[tocsin.routes]]
channels = ["log"]
group_by = ["environment"]
"""


def _storm(project: Project) -> str:
    """Let three pipelines fail, and return the beginning of the id of their group."""
    project.configure(TO_A_FILE + _TOGETHER)
    project.report(*(run(f"bad{number}", pipeline=f"p{number}") for number in range(3)))
    project.says("tick")
    project.now += timedelta(minutes=1)
    project.says("tick")
    return str(project.messages()[-1]["alert_id"])[:8]


def test_a_group_is_shown_with_its_problems(project: Project) -> None:
    """Whoever reads the id in a message finds out what is in it, who knows, and when it speaks again."""
    group = _storm(project)
    assert project.told() == ["3 pipelines failed"]
    said = project.says("show", group)

    assert f"Group {group} on log: 3 of 3 problems go on\n" in said
    assert all(f"p{number}" in said for number in range(3))
    assert f"log (in group {group})" in said
    document = json.loads(project.says("show", group, "--json"))
    assert (document["group"]["seq"], len(document["alerts"])) == (1, 3)


def test_all_of_a_group_can_be_acknowledged_at_once(project: Project) -> None:
    """One command for a storm; the channel hears of it in the group's next message."""
    group = _storm(project)
    said = project.says("ack", group)

    assert said.count("acknowledged by ada: alert ") == 3
    assert said.count("  log: is told in the next message of its group\n") == 3
    project.now += timedelta(minutes=6)
    project.says("tick")
    assert project.told() == ["3 pipelines failed", "3 pipelines failed"]
    assert project.messages()[-1]["tone"] == "acknowledged"
    assert "Acknowledged: 3 of 3" in project.messages()[-1]["text"]
    assert project.says("ack", group).count("nothing to do, ada has acknowledged it") == 3


def test_a_group_that_is_over_has_nothing_to_acknowledge(project: Project) -> None:
    """The error says what is open."""
    group = _storm(project)
    assert project.says("resolve", group).count("resolved by ada") == 3
    assert f"no alert has an id that begins with '{group}'" in project.tocsin("ack", group).stderr
