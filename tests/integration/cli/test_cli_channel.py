"""`tocsin channel`: which channels work, and a real message through one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli_project import TO_A_FILE, Project
from made import at, run
from receiver import answer, receiving
from tocsin.channels.registry import CHANNELS
from tocsin.core.outbox import ChannelState


def _configure_hook(project: Project, url: str) -> None:
    project.configure('[tocsin.channels.hook]\ntype = "webhook"\n')
    project.configure(f'[tocsin.channels.hook]\nurl = "{url}"\n', file="secrets.toml")


def test_a_channel_is_listed_with_its_state_and_file(project: Project) -> None:
    """Whoever set a channel up sees whether it was ever used and where it was found."""
    project.configure(TO_A_FILE)

    assert project.says("channel", "list").splitlines() == [
        "CHANNEL  TYPE  STATE      LAST SUCCESS (UTC)  WAITING  FROM              WHY",
        "log      file  not tried  -                         0  .dlt/config.toml  -",
    ]

    project.says("channel", "test", "log")

    assert "log      file  ok     2026-11-23 13:00:00        0  .dlt/config.toml  -" in project.says("channel", "list")


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (ChannelState(channel="log", last_ok_at=at(1)), ("ok", "")),
        # The receiver's pace of one message a second is nothing to tell.
        (ChannelState(channel="log", last_ok_at=at(1), not_before=at(60) + timedelta(seconds=1)), ("ok", "")),
        (ChannelState(channel="log", failures_in_a_row=1), ("failing", "1 failure in a row")),
        (
            ChannelState(channel="log", failures_in_a_row=6, not_before=at(62)),
            ("paused", "until 2026-11-23 13:02:00 UTC, 6 failures in a row"),
        ),
        (
            ChannelState(channel="log", settings_hash="{hash}", disabled_at=at(50), disabled_because="HTTP 410"),
            ("disabled", "10 min ago: HTTP 410"),
        ),
        # A channel with new settings gets another chance.
        (ChannelState(channel="log", settings_hash="old", disabled_at=at(50)), ("not tried", "")),
    ],
)
def test_the_state_of_a_channel_is_told_in_a_word(
    project: Project, state: ChannelState, shown: tuple[str, str]
) -> None:
    """What the engine remembers of a channel becomes one word and a reason."""
    project.configure(TO_A_FILE)
    project.says("channel", "test", "log")
    with project.writing() as tx:
        known = tx.channel_state("log").settings_hash
        hashed = ChannelState(**{**vars(state), "settings_hash": state.settings_hash.format(hash=known)})
        tx.save_channel_state(hashed)

    [found] = project.json("channel", "list")

    assert list(found) == ["name", "type", "origin", "state", "why", "last_ok_at", "waiting"]
    assert (found["state"], found["why"]) == shown


def test_a_channel_that_cannot_be_used_says_why(project: Project) -> None:
    """It is listed although it does not exist for the engine."""
    project.configure('[tocsin.channels.ops]\ntype = "slak"\n')

    [found] = project.json("channel", "list")

    assert (found["state"], found["why"]) == ("unusable", 'type = "slak" is no channel; did you mean slack?')


def test_no_channel_says_how_to_get_one(project: Project) -> None:
    """An empty list is no dead end."""
    said = "No channel is configured: tocsin init sets one up, tocsin channel list --types shows more.\n"

    assert project.says("channel", "list") == said


def test_the_types_are_listed_with_their_settings(project: Project) -> None:
    """Every channel that exists can be found, with what it needs."""
    said = project.says("channel", "list", "--types")

    for channel in CHANNELS.values():
        assert f"{channel.type}: {channel.summary}".upper() in said
        assert all(f"\n{field.name} " in said for field in channel.fields)
    assert "Required. A secret. Where to POST." in said
    assert [found["type"] for found in project.json("channel", "list", "--types")] == list(CHANNELS)


def test_a_test_message_really_arrives(project: Project) -> None:
    """The receiver gets a message, and its answer and the time it took are shown."""
    with receiving() as receiver:
        _configure_hook(project, receiver.url)
        receiver.answers(answer(202, "thank you"))

        said = project.says("channel", "test", "hook")

        assert said.startswith("hook took the message in ")
        assert said.endswith(" ms; its answer: 202 thank you\n")
        assert receiver.last.json["title"] == "Test message from Tocsin"
        assert "Alerts that go to the channel hook will reach you here." in receiver.last.json["text"]


def test_a_channel_that_works_again_is_enabled_and_sends_what_waits(project: Project) -> None:
    """After a success the channel is as new: its alert is over, and nothing of before is held back."""
    with receiving() as receiver:
        _configure_hook(project, receiver.url)
        receiver.answers(answer(410, "gone"))
        project.report(run("aaaa0001", ended=1))
        project.says("tick")
        project.report(run("aaaa0002", ended=2, pipeline="stock"))
        project.says("tick")
        assert [found["state"] for found in project.json("channel", "list")] == ["disabled"]
        assert "channel hook" in project.says("alerts")

        receiver.answers(answer(200, "ok"))
        said = project.says("channel", "test", "hook")

        assert "it was disabled (" in said
        assert ") and is enabled again\n" in said
        assert "waiting message" in said.splitlines()[-1]
        assert "stock failed" in [request.json["title"] for request in receiver.requests]
        assert [found["state"] for found in project.json("channel", "list")] == ["ok"]
        assert "channel hook" not in project.says("alerts")


def test_a_refusal_is_shown_with_its_answer_and_what_to_do(project: Project) -> None:
    """Exit code 1, and on stderr what the receiver said."""
    with receiving() as receiver:
        _configure_hook(project, receiver.url)
        receiver.answers(answer(404, "no such hook"))

        result = project.tocsin("channel", "test", "hook")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: hook did not take the message (")
    assert "404" in result.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "no channel is called 'ops'; none is configured: tocsin init"),
        (TO_A_FILE, "no channel is called 'ops'; there are: log"),
        (
            '[tocsin.channels.ops]\ntype = "file"\n',
            ".dlt/config.toml: tocsin.channels.ops: path is missing, for example ~/tocsin.jsonl",
        ),
    ],
)
def test_a_channel_that_is_not_there_cannot_be_tested(project: Project, settings: str, said: str) -> None:
    """A wrong name is answered with the right ones, wrong settings with the file and the key."""
    project.configure(settings)

    result = project.tocsin("channel", "test", "ops")

    assert (result.exit_code, result.stderr) == (1, f"Error: {said}\n")


def test_a_message_goes_out_although_the_store_is_broken(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel is tried first: its answer is there before the store fails."""
    monkeypatch.setenv("TOCSIN__STORE", "mysql://localhost")
    project.configure(TO_A_FILE)

    result = project.tocsin("channel", "test", "log")

    assert result.exit_code == 1
    assert result.stdout.startswith("log took the message in ")
    assert "store: found mysql://" in result.stderr
    assert project.told() == ["Test message from Tocsin"]
