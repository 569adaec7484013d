"""`tocsin init`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tocsin.cli.git_ignore import keep_out_of_git
from tocsin.cli.settings_file import SettingsFile
from tocsin.cli.settings_template import section, slack_channel, slack_secret
from tocsin.errors import ConfigError

_CONFIG, _SECRETS = Path(".dlt/config.toml"), Path(".dlt/secrets.toml")
_CHANNEL = "slack"


@click.command("init")
@click.option("--slack-webhook", metavar="URL", help="Address of an incoming webhook of Slack. Nothing is asked then.")
@click.option("--no-test", is_flag=True, help="Send no test message.")
@click.option(
    "--force", is_flag=True, help="Write the section anew; the files are kept as they were beside the new ones."
)
def command(*, slack_webhook: str | None, no_test: bool, force: bool) -> None:
    """Write the [tocsin] section, set up a channel and send a test message.

    Settings go into .dlt/config.toml and secrets into .dlt/secrets.toml, below what stands there. In a terminal you
    are asked for a Slack webhook; in a pipe nothing is asked.
    """
    config, secrets = SettingsFile(_CONFIG), SettingsFile(_SECRETS)
    if force:
        config.without_tocsin()
        secrets.without_tocsin()
    has_channel = config.has("tocsin", "channels", _CHANNEL) or secrets.has("tocsin", "channels", _CHANNEL)
    if config.has("tocsin") and (has_channel or slack_webhook is None):
        raise ConfigError(
            f"{_CONFIG} has a [tocsin] section already. Edit it, "
            + ("" if has_channel else "add a channel to it with tocsin init --slack-webhook URL, ")
            + "or write it anew with tocsin init --force"
        )
    url = _ask() if slack_webhook is None and _is_interactive() else slack_webhook
    if url:
        _check(url)
    if not config.has("tocsin"):
        config.append(section())
    if url:
        config.append(slack_channel(_CHANNEL))
        secrets.append(slack_secret(_CHANNEL, url))
    # The secret comes first: without it the channel in the other file would be a problem.
    _write(secrets, private=True)
    _write(config, private=False)
    if url and not no_test:
        _test()
    _tell_next(has_channel=bool(url))


def _is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask() -> str:
    click.echo("Where shall alerts go? Make an incoming webhook at https://api.slack.com/apps, or press Enter to skip.")
    while url := click.prompt("Slack webhook URL (hidden)", default="", show_default=False, hide_input=True).strip():
        try:
            _check(url)
        except ConfigError as error:
            click.echo(str(error))
        else:
            break
    return str(url)


def _check(url: str) -> None:
    from tocsin.channels.registry import check_settings

    _, problems = check_settings("slack", {"webhook_url": url})
    if problems:
        raise ConfigError(f"the Slack webhook cannot be used: {'; '.join(problems)}")


def _write(file: SettingsFile, *, private: bool) -> None:
    if not file.changed:
        return
    file.write(private=private)
    click.echo(f"wrote {file.path}{', which only you can read' if private else ''}")
    if file.backup.exists():
        click.echo(f"what it was before is kept as {file.backup}")
    for path in (file.path, file.backup) if private else ():
        if path.exists() and (said := keep_out_of_git(path)):
            click.echo(said)


def _test() -> None:
    from tocsin.capture import providers
    from tocsin.cli.channel_test import try_channel
    from tocsin.cli.workplace import find_workplace

    providers.read_anew()
    try_channel(find_workplace(), _CHANNEL)


def _tell_next(*, has_channel: bool) -> None:
    click.echo()
    if not has_channel:
        click.echo("Next: add a channel, tocsin init --slack-webhook URL (other types: tocsin channel list --types).")
    click.echo("Run a dlt pipeline here: it is watched. tocsin status tells how it went.")
    click.echo("Something does not work? tocsin doctor")
