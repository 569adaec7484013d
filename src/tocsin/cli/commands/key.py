"""`tocsin key`."""

from __future__ import annotations

import click

from tocsin.cli.acting import by_option, login
from tocsin.cli.screen import Cell, Column, Row, json_option, open_screen, print_json
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.config.model import Config
from tocsin.core.access import ApiKey, KeyState, Scope
from tocsin.core.duration import parse_duration
from tocsin.core.message import Tone
from tocsin.core.phrases import minute, stamp

_TONES = {KeyState.ACTIVE: Tone.GOOD, KeyState.EXPIRED: Tone.WARNING, KeyState.REVOKED: Tone.INFO}
_COLUMNS = (
    Column(name="Key"),
    Column(name="Name"),
    Column(name="State"),
    Column(name="May"),
    Column(name="Environments"),
    Column(name="Last used (UTC)"),
    Column(name="Expires (UTC)"),
    Column(name="Made by"),
)


@click.group("key")
def command() -> None:
    """Make, list and revoke the keys that pipelines and programs show to a server."""


@command.command("create")
@click.option("--name", required=True, help="What it is for; the audit trail says it.")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do: ingest reports runs, ping pings, read sees, act acknowledges and silences, admin sees who "
    "did what. Can be given several times.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    help="What it may report and see; can be given several times.  [default: all environments]",
)
@click.option("--expires", metavar="LENGTH", help='When it expires: "90d", "12h".  [default: never]')
@click.option("--by", default=login, metavar="NAME", help="Who makes it.  [default: your login name]")
@json_option
def create(
    *, name: str, scopes: tuple[str, ...], environments: tuple[str, ...], expires: str | None, by: str, as_json: bool
) -> None:
    """Make a key and print it. It is shown once: what is kept does not tell it.

    \b
    As JSON: id, name, key (its text), scopes, environments (null for all), created_at, created_by, expires_at
    """  # noqa: D301  # click reads \b as a character
    from tocsin.engine.api_keys import create_key

    workplace = find_workplace()
    with open_engine(workplace) as engine:
        try:
            expires_at = None if expires is None else engine.clock() + parse_duration(expires)
        except (ValueError, OverflowError) as error:
            raise click.UsageError(f"--expires {expires}: {error}") from error
        try:
            key, text = create_key(
                engine,
                name=name,
                scopes=[Scope(scope) for scope in scopes],
                environments=environments or None,
                expires_at=expires_at,
                by=by,
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    if as_json:
        document = _document(key)
        shown = ("id", "name", "scopes", "environments", "created_at", "created_by", "expires_at")
        print_json({"key": text} | {field: document[field] for field in shown})
        return
    until = f", until {stamp(key.expires_at)} UTC" if key.expires_at else ""
    click.echo(f"key {key.id} ({key.name}): {_scopes(key)} in {_environments(key)}{until}", err=True)
    if Scope.PING in key.scopes:
        click.echo("This is the only time that it is shown. With it, a line of a crontab is watched:", err=True)
        click.echo(f"  {_crontab_line(workplace.config, text)}", err=True)
    else:
        click.echo("This is the only time that it is shown. Pipelines take it from TOCSIN__API_KEY:", err=True)
    # Alone on stdout, so that a script can take it.
    click.echo(text)


@command.command("list")
@json_option
def list_keys(*, as_json: bool) -> None:
    """List the keys, newest first, and when each was last used; their texts are kept nowhere.

    \b
    As JSON, a list of:
      id, name, state (active, expired or revoked), scopes, environments (null for all), last_used_at,
      created_at, created_by, expires_at, revoked_at, revoked_by
    """  # noqa: D301  # click reads \b as a character
    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        now, keys = engine.clock(), tx.api_keys()
    if as_json:
        print_json([{**_document(key), "state": key.state(now)} for key in keys])
    elif keys:
        open_screen().table(_COLUMNS, [_row(key, key.state(now)) for key in keys])
    else:
        open_screen().line("There is no key. Make one: tocsin key create --name orders --scope ingest")


@command.command("revoke")
@click.argument("key")
@by_option
def revoke(*, key: str, by: str) -> None:
    """Let a key open nothing any more. KEY is its name, or the beginning of its id.

    Servers that know it ask again every 2 seconds, so that it is of no use after that.
    """
    from tocsin.engine.api_keys import revoke_key

    with open_engine(find_workplace()) as engine:
        revoked, is_new = revoke_key(engine, key, by=by)
    if is_new:
        click.echo(f"revoked by {by}: key {revoked.id} ({revoked.name})")
    elif revoked.revoked_at is not None:
        when = stamp(revoked.revoked_at)
        click.echo(f"nothing to do, {revoked.revoked_by} revoked it at {when} UTC: key {revoked.id} ({revoked.name})")


def _crontab_line(config: Config, text: str) -> str:
    url = config.public_url.rstrip("/") or f"http://{config.host}:{config.port}"
    return f"0 6 * * * /usr/local/bin/backup; curl -fsS -m 10 --retry 3 -o /dev/null {url}/ping/{text}/backup/$?"


def _row(key: ApiKey, state: KeyState) -> Row:
    return (
        Cell(text=key.id, tone=_TONES[state]),
        key.name,
        state.value,
        _scopes(key),
        _environments(key),
        minute(key.last_used_at) if key.last_used_at else "never",
        minute(key.expires_at) if key.expires_at else "never",
        key.created_by,
    )


def _document(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "environments": key.environments,
        "last_used_at": key.last_used_at,
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "revoked_by": key.revoked_by,
    }


def _scopes(key: ApiKey) -> str:
    return ", ".join(key.scopes)


def _environments(key: ApiKey) -> str:
    return "all environments" if key.environments is None else ", ".join(key.environments)
