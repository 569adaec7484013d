"""`tocsin user`."""

from __future__ import annotations

import sys

import click

from tocsin.cli.acting import by_option
from tocsin.cli.extra import needs_extra
from tocsin.cli.screen import Cell, Column, F, Row, json_option, open_screen, print_json
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.access import ROLES, Role, User, check_password
from tocsin.core.message import Tone
from tocsin.core.phrases import minute

_COLUMNS = (
    Column(name="User"),
    Column(name="Role"),
    Column(name="Logs in by"),
    Column(name="State"),
    Column(name="Since (UTC)"),
)
_ROLE = click.Choice([role.value for role in ROLES])


def _password_option(function: F) -> F:
    option = click.option("--password-stdin", is_flag=True, help="Read the password from stdin, instead of asking.")
    return option(function)


@click.group("user")
def command() -> None:
    """Add and change the people who may log in to a server."""


@command.command("add")
@click.argument("name")
@click.option("--role", required=True, type=_ROLE, help="read sees, act acknowledges and silences too, admin all.")
@_password_option
@by_option
def add(*, name: str, role: str, password_stdin: bool, by: str) -> None:
    """Let NAME log in by a password, which is asked for twice."""
    from tocsin.engine.users import add_user

    kept = _ask(from_stdin=password_stdin)
    with open_engine(find_workplace()) as engine:
        try:
            user = add_user(engine, name, role=Role(role), password_hash=kept, by=by)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    click.echo(f"added by {by}: user {user.name}, role {user.role}")


@command.command("list")
@json_option
def list_users(*, as_json: bool) -> None:
    """List those who may log in, and those who may no more.

    \b
    As JSON, a list of:
      name, role, logs_in_by (password or OpenID Connect), disabled, created_at
    """  # noqa: D301  # click reads \b as a character
    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        users = tx.users()
    if as_json:
        print_json([_document(user) for user in users])
    elif users:
        open_screen().table(_COLUMNS, [_row(user) for user in users])
    else:
        open_screen().line("There is no user. Add one: tocsin user add ann --role admin")


@command.command("password")
@click.argument("name")
@_password_option
@by_option
def password(*, name: str, password_stdin: bool, by: str) -> None:
    """Give NAME another password, which is asked for twice, and end their sessions."""
    from tocsin.engine.users import change_password

    kept = _ask(from_stdin=password_stdin)
    with open_engine(find_workplace()) as engine:
        try:
            user = change_password(engine, name, kept, by=by)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    click.echo(f"changed by {by}: the password of user {user.name}, whose sessions are over")


@command.command("role")
@click.argument("name")
@click.argument("role", type=_ROLE)
@by_option
def role_of(*, name: str, role: str, by: str) -> None:
    """Give NAME another role, at once."""
    from tocsin.engine.users import change_role

    with open_engine(find_workplace()) as engine:
        try:
            user = change_role(engine, name, Role(role), by=by)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    click.echo(f"changed by {by}: user {user.name} has the role {user.role}")


@command.command("disable")
@click.argument("name")
@by_option
def disable(*, name: str, by: str) -> None:
    """Let NAME in no more, and end their sessions."""
    from tocsin.engine.users import disable_user

    with open_engine(find_workplace()) as engine:
        user = disable_user(engine, name, by=by)
    click.echo(f"disabled by {by}: user {user.name}, whose sessions are over")


@command.command("enable")
@click.argument("name")
@by_option
def enable(*, name: str, by: str) -> None:
    """Let NAME in again."""
    from tocsin.engine.users import enable_user

    with open_engine(find_workplace()) as engine:
        user = enable_user(engine, name, by=by)
    click.echo(f"enabled by {by}: user {user.name}")


def _ask(*, from_stdin: bool) -> str:
    """Return the hash of a password.

    Raises:
        ConfigError: What hashes it is not installed.
        UsageError: It is too short or too long.
    """
    with needs_extra("server"):
        from tocsin.web.access.passwords import hash_password
    if from_stdin:
        chosen = sys.stdin.readline().rstrip("\r\n")
    else:
        chosen = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    try:
        check_password(chosen)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return hash_password(chosen)


def _row(user: User) -> Row:
    state = ("disabled", Tone.WARNING) if user.disabled else ("active", Tone.GOOD)
    return Cell(text=user.name, tone=state[1]), user.role.value, _means(user), state[0], minute(user.created_at)


def _document(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role,
        "logs_in_by": _means(user),
        "disabled": user.disabled,
        "created_at": user.created_at,
    }


def _means(user: User) -> str:
    return "password" if user.identity is None else "OpenID Connect"
