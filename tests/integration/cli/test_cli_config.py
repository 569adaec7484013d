"""`tocsin config`: what is wrong in the files, and what is in force."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from cli_project import TO_A_FILE, Project
from tocsin.cli import workplace
from tocsin.config.settings import GENERAL


@pytest.mark.parametrize(
    ("config", "secrets", "said"),
    [
        # An unknown key.
        ('[tocsin]\nenviroment = "x"', "", ".dlt/config.toml: tocsin.enviroment = 'x': unknown key; did you mean"),
        # A wrong type.
        ('[tocsin]\nbudget = "soon"', "", ".dlt/config.toml: tocsin.budget = 'soon': not a length of time"),
        # A missing secret.
        (
            '[tocsin.channels.ops]\ntype = "webhook"',
            "",
            ".dlt/config.toml: tocsin.channels.ops: url is missing, for example https://",
        ),
        # A secret in the wrong file; its value is not shown.
        (
            '[tocsin.channels.ops]\ntype = "webhook"\nurl = "https://example.com/s3cr3t"',
            "",
            ".dlt/config.toml: tocsin.channels.ops.url: is a secret; move it to .dlt/secrets.toml or set TOCSIN__",
        ),
        # An unknown channel in a route.
        (
            TO_A_FILE + '[[tocsin.routes]]\nchannels = ["pager"]',
            "",
            ".dlt/config.toml: tocsin.routes[1].channels = 'pager': no channel is called 'pager'; there are: log",
        ),
        # An unknown type of channel.
        ('[tocsin.channels.ops]\ntype = "slak"', "", 'tocsin.channels.ops: type = "slak" is no channel; did you mean'),
        # Files that are no TOML.
        ("[tocsin", "", ".dlt/config.toml: (the whole file): cannot be read: "),
        ("", "x = ", ".dlt/secrets.toml: (the whole file): cannot be read: "),
    ],
)
def test_each_problem_names_file_key_and_remedy(project: Project, config: str, secrets: str, said: str) -> None:
    """A mistake is one line, and the exit code is 2."""
    project.configure(config)
    project.configure(secrets, file="secrets.toml")

    result = project.tocsin("config", "check")

    assert result.exit_code == 2
    [line] = result.stdout.splitlines()
    assert said in line
    assert "s3cr3t" not in result.output


def test_a_good_configuration_is_counted(project: Project) -> None:
    """Exit code 0, with how much was looked at; TOCSIN__HOME is one of the settings."""
    project.configure("[tocsin]\nbudget = '3s'\n" + TO_A_FILE)

    assert project.says("config", "check") == "4 settings, 1 channel: all good\n"


def test_each_setting_is_shown_with_where_it_comes_from(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of environment, secrets and config wins, and says that it did."""
    monkeypatch.setenv("TOCSIN__ENVIRONMENT", "prod")
    project.configure('[tocsin]\nenvironment = "dev"\nenabled = true\nleast = "loud"\n' + TO_A_FILE)

    found = {one["key"]: (one["value"], one["origin"]) for one in project.json("config", "show")}

    assert [key for key in found if key.count(".") == 1] == [f"tocsin.{setting.key}" for setting in GENERAL]
    assert found["tocsin.environment"] == ("prod", "environment")
    assert found["tocsin.enabled"] == ("true", ".dlt/config.toml")
    # What cannot be read is not in force.
    assert found["tocsin.least"] == ("warning", "default")
    assert found["tocsin.log_url"] == (None, "default")
    assert found["tocsin.store"] == (f"sqlite:///{project.home / 'tocsin.db'}", "default")
    assert found["tocsin.channels.log.path"] == ("alerts.jsonl", ".dlt/config.toml")
    assert "tocsin.channels.log.path  alerts.jsonl" in project.says("config", "show")


def test_no_secret_is_shown(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of channels, settings that nobody knows, dlt's hook and passwords in a store's address are masked."""
    monkeypatch.setenv("TOCSIN__STORE", "postgresql://tocsin:s3cr3t@localhost/tocsin")
    monkeypatch.setenv("RUNTIME__SLACK_INCOMING_HOOK", "https://hooks.slack.com/services/s3cr3t")
    project.configure('[tocsin.channels.ops]\ntype = "webhook"\n[tocsin.channels.x]\ntype = "x"\npassword = "s3cr3t"\n')
    project.configure('[tocsin.channels.ops]\nurl = "https://example.com/s3cr3t"\n', file="secrets.toml")

    said = project.says("config", "show")

    assert "s3cr3t" not in said
    found = {one["key"]: one["value"] for one in project.json("config", "show")}
    assert found["tocsin.channels.ops.url"] == "(secret)"
    assert found["tocsin.channels.x.password"] == "(secret)"
    assert found["runtime.slack_incoming_hook"] == "(secret)"
    assert str(found["tocsin.store"]).startswith("postgresql://tocsin:")


def test_a_file_that_is_not_read_here_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where dlt is installed its own files count, and whoever has written tocsin.toml hears of it."""
    monkeypatch.setattr(workplace, "find_spec", find_spec)
    (project.folder / "tocsin.toml").write_text(TO_A_FILE, encoding="utf-8")

    result = project.tocsin("config", "check")

    assert result.exit_code == 2
    assert "tocsin.toml: (the whole file): is not read where dlt is installed" in result.stdout
