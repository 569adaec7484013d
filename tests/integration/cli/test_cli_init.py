"""`tocsin init`: settings are written below what stands there, and secrets where nobody else reads them."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cli_project import Project
from receiver import answer, receiving
from tocsin.config.settings import GENERAL

HOOK = "https://hooks.slack.com/services/T0/B0/s3cr3t"
SECTION = "[tocsin]\nbudget = '3s'\n"


def _read(path: str) -> str:
    return Path(path).read_bytes().decode()


def test_in_a_pipe_only_the_section_is_written(project: Project) -> None:
    """Nothing is asked where nobody can answer, and every setting is there as a comment."""
    said = project.says("init")

    assert said.startswith("wrote .dlt/config.toml\n")
    assert "Next: add a channel, tocsin init --slack-webhook URL" in said
    text = _read(".dlt/config.toml")
    assert tomllib.loads(text) == {"tocsin": {}}
    # A key belongs into secrets.toml.
    assert all(f"\n# {setting.key} = " in text for setting in GENERAL if setting.key != "api_key")
    assert not Path(".dlt/secrets.toml").exists()
    assert project.says("config", "check") == "1 setting, 0 channels: all good\n"


def test_the_comments_are_settings_that_can_be_used(project: Project) -> None:
    """Taking the comment signs away gives a configuration without a problem."""
    project.says("init")
    text = _read(".dlt/config.toml")
    uncommented = re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", text).replace("NAME", "orders").replace('"…"', '"90s"')
    # A server takes the place of a store and of channels.
    uncommented = re.sub(r"(?m)^(store|home|server) = .*$", "", uncommented)
    project.configure(uncommented)
    project.configure(f'[tocsin.channels.orders]\nwebhook_url = "{HOOK}"', file="secrets.toml")

    assert "1 channel: all good" in project.says("config", "check")


def test_what_stands_in_the_files_is_kept(project: Project) -> None:
    """The user's text, its comments and its line ends stay as they are."""
    before = "# mine\r\n[runtime]\r\nlog_level =   'INFO' # loud\r\n[sources.x]\r\na = [1,\r\n 2]"
    Path(".dlt").mkdir()
    Path(".dlt/config.toml").write_bytes(before.encode())
    project.configure("password = 'x'  # old\n", file="secrets.toml")

    project.says("init", "--slack-webhook", HOOK, "--no-test")

    config, secrets = _read(".dlt/config.toml"), _read(".dlt/secrets.toml")
    assert config.startswith(before + "\r\n\r\n# Tocsin tells you")
    assert "\n" not in config.replace("\r\n", "")
    assert tomllib.loads(config)["tocsin"] == {"channels": {"slack": {"type": "slack"}}}
    assert secrets.startswith("password = 'x'  # old\n\n[tocsin.channels.slack]\n")
    assert tomllib.loads(secrets)["tocsin"]["channels"]["slack"]["webhook_url"] == HOOK


def test_secrets_are_for_their_owner_only(project: Project) -> None:
    """A file that others could read is closed before the secret stands in it."""
    project.configure("", file="secrets.toml")
    Path(".dlt/secrets.toml").chmod(0o644)

    said = project.says("init", "--slack-webhook", HOOK, "--no-test")

    assert "wrote .dlt/secrets.toml, which only you can read\n" in said
    assert Path(".dlt/secrets.toml").stat().st_mode & 0o777 == 0o600
    assert "s3cr3t" not in said
    assert "s3cr3t" not in _read(".dlt/config.toml")


def test_the_test_message_goes_through_the_files(project: Project) -> None:
    """What was written is read again, and a real message is sent with it."""
    with receiving() as receiver:
        said = project.says("init", "--slack-webhook", receiver.url)

        assert "slack took the message in " in said
        assert receiver.last.json["text"].startswith("● Test message from Tocsin")
        assert said.endswith("Something does not work? tocsin doctor\n")


def test_a_hook_that_refuses_is_told_and_the_files_stay(project: Project) -> None:
    """A typing error in the address is seen at once."""
    with receiving() as receiver:
        receiver.answers(answer(404, "no_team"))

        result = project.tocsin("init", "--slack-webhook", receiver.url)

    assert result.exit_code == 1
    assert "Error: slack did not take the message (" in result.stderr
    assert Path(".dlt/secrets.toml").exists()


def test_a_second_time_adds_the_channel_to_the_section(project: Project) -> None:
    """Whoever wrote the section first can set up Slack later."""
    project.configure(SECTION)

    project.says("init", "--slack-webhook", HOOK, "--no-test")

    assert _read(".dlt/config.toml") == f'{SECTION}\n[tocsin.channels.slack]\ntype = "slack"\n'


@pytest.mark.parametrize(
    ("config", "words", "said"),
    [
        (
            SECTION,
            (),
            ".dlt/config.toml has a [tocsin] section already. Edit it, add a channel to it with tocsin init",
        ),
        (
            "[tocsin.channels.slack]\ntype = 'slack'",
            ("--slack-webhook", HOOK),
            ".dlt/config.toml has a [tocsin] section already. Edit it, or write it anew with tocsin init --force",
        ),
        (
            "",
            ("--slack-webhook", "hooks.slack.com/s3cr3t"),
            "the Slack webhook cannot be used: webhook_url is no address; use one that begins with https:// and",
        ),
        ("[tocsin", (), ".dlt/config.toml is no TOML, nothing was written: "),
        (
            "tocsin = {channels = {}}",
            ("--slack-webhook", HOOK),
            ".dlt/config.toml: [tocsin.channels.slack] cannot be added to what stands there; add it by hand",
        ),
        (
            'a = """\n[tocsin]\n"""\n[tocsin]',
            ("--force",),
            ".dlt/config.toml: the [tocsin] section cannot be told from the rest; remove it by hand",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_changed(
    project: Project, config: str, words: tuple[str, ...], said: str
) -> None:
    """A file of the user's is never damaged, and no secret is shown."""
    project.configure(config)

    result = project.tocsin("init", "--no-test", *words)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {said}")
    assert "s3cr3t" not in result.output
    assert _read(".dlt/config.toml") == config
    assert not Path(".dlt/secrets.toml").exists()


def test_force_writes_the_section_anew_and_keeps_the_old_files(project: Project) -> None:
    """Only tables of Tocsin are taken out, and what was there before stays beside the new file."""
    tables = "[tocsin.channels.ops]\ntype = 'slack'\n[[tocsin.routes]]\nchannels = ['ops']\n"
    config = f"[a]\nx = 1\n{SECTION}{tables}[b]\ny = 2\n"
    secrets = "[tocsin.channels.ops]\nwebhook_url = 'https://old'\n"
    project.configure(config)
    project.configure(secrets, file="secrets.toml")

    said = project.says("init", "--force")

    assert tomllib.loads(_read(".dlt/config.toml")) == {"a": {"x": 1}, "b": {"y": 2}, "tocsin": {}}
    assert tomllib.loads(_read(".dlt/secrets.toml")) == {}
    assert _read(".dlt/before-tocsin-init.config.toml") == config
    assert _read(".dlt/before-tocsin-init.secrets.toml") == secrets
    assert Path(".dlt/before-tocsin-init.secrets.toml").stat().st_mode & 0o777 == 0o600
    assert "what it was before is kept as .dlt/before-tocsin-init.config.toml\n" in said


def test_a_folder_that_cannot_be_written_is_told(project: Project) -> None:
    """The operating system's word is passed on."""
    Path(".dlt").write_text("a file")

    result = project.tocsin("init")

    assert result.exit_code == 1
    assert ".dlt/config.toml cannot be " in result.stderr


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)  # noqa: S607


@pytest.mark.parametrize(
    ("ignored", "after"),
    [
        (None, ".dlt/secrets.toml\n"),
        ("*.pyc", "*.pyc\n.dlt/secrets.toml\n"),
        # dlt's own projects ignore it already.
        ("secrets.toml\n", "secrets.toml\n"),
    ],
)
def test_secrets_are_kept_out_of_git(project: Project, ignored: str | None, after: str) -> None:
    """In a git repository the file with secrets is ignored afterwards, whoever saw to it."""
    _git("init", "--quiet", ".")
    if ignored is not None:
        Path(".gitignore").write_text(ignored)

    said = project.says("init", "--slack-webhook", HOOK, "--no-test")

    assert _read(".gitignore") == after
    assert (".dlt/secrets.toml is added to .gitignore\n" in said) is (after != ignored)


def test_secrets_that_git_knows_are_told(project: Project) -> None:
    """Ignoring a file that is in the repository would not help, so the command that does is named."""
    _git("init", "--quiet", ".")
    project.configure("", file="secrets.toml")
    _git("add", ".dlt/secrets.toml")

    said = project.says("init", "--slack-webhook", HOOK, "--no-test")

    assert "in your git repository, where others can read it: git rm --cached .dlt/secrets.toml\n" in said


def test_no_git_is_no_problem(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git there is nothing to keep secrets out of."""
    monkeypatch.setenv("PATH", "")

    assert "git" not in project.says("init", "--slack-webhook", HOOK, "--no-test")


def test_in_a_terminal_the_hook_is_asked_for(project: Project) -> None:
    """A wrong address is asked for again, and what is typed is not shown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from tocsin.cli.main import main; main()", "init", "--no-test"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown = _until(ours, "(hidden)")
        os.write(ours, b"hooks.slack.com/x\n")
        shown += _until(ours, "(hidden)")
        os.write(ours, f"{HOOK}\n".encode())
        shown += _until(ours, "tocsin doctor")
        assert process.wait() == 0
    os.close(ours)

    assert "webhook_url is no address" in shown
    assert "s3cr3t" not in shown
    assert project.home.parent.joinpath(".dlt/secrets.toml").read_text().count(HOOK) == 1


def _until(terminal: int, words: str) -> str:
    """Read the terminal until these words come."""
    shown = ""
    while words not in shown:
        shown += os.read(terminal, 4096).decode()
    return shown
