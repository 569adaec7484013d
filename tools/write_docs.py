"""Writes what the code knows into the docs: settings, channels, commands, operations of the API, and public names.

    python tools/write_docs.py            rewrite the generated parts in place
    python tools/write_docs.py --check    exit 1 and name the files if a part is not up to date

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. The pages in docs/channels are generated
as a whole, one a channel.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click
import python_reference

from tocsin.channels.base import Channel
from tocsin.channels.registry import CHANNELS
from tocsin.cli.main import COMMANDS, cli
from tocsin.config.check_settings import CHECK
from tocsin.config.load import load
from tocsin.config.oidc import OIDC
from tocsin.config.retention import RETENTION
from tocsin.config.server_settings import SERVE
from tocsin.config.settings import CHANNEL, EXPECT, GENERAL, MAINTENANCE, PIPELINE, ROUTE, TABLE, Setting
from tocsin.engine.opening import open_engine
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "channels"
_PART = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings(table: Sequence[Setting], prefix: str) -> str:
    """Return a table of settings; `prefix` shows how a variable of the environment is built."""
    rows = [f"| `{s.key}` | {_code(s.default)} | {_cell(s.help)} | {_variable(prefix, s.key)} |" for s in table]
    return "\n".join(["| key | default | what it does | environment |", "| --- | --- | --- | --- |", *rows])


def channels() -> str:
    """Return a table of all channels, with links to their pages."""
    rows = [f"| [{name}]({PAGES.name}/{name}.md) | {_cell(channel.summary)} |" for name, channel in CHANNELS.items()]
    return "\n".join(["| type | what it is |", "| --- | --- |", *rows])


def channel_page(channel: type[Channel]) -> str:
    """Return the page of a channel: what it is, an example, its settings, and how it is set up."""
    parts = [
        "<!-- Written by tools/write_docs.py from the code of the channel: change it there, then run make docs. -->",
        f"# {channel.type}",
        f"{channel.summary}.",
        _example(channel),
        f"[All channels](../{PAGES.name}.md) tells what happens when a message is not taken.",
    ]
    if channel.fields:
        parts += ["## Settings", _fields(channel)]
    if channel.setup:
        parts += ["## How to set it up", cleandoc(channel.setup)]
    return "\n\n".join(parts) + "\n"


def commands() -> str:
    """Return a section a command, with its help as the terminal shows it."""
    return "\n\n".join(_command(name) for name in COMMANDS)


def operations() -> str:
    """Return a table of what the API can be asked."""
    # Nothing is read or written: the application is only asked for its schema.
    app = create_app(open_engine(load([], home=ROOT / "nowhere"), store=MemoryStore()))
    rows = [
        f"| `{method.upper()} {path}` | {_cell(operation['summary'])} | {_scope(operation)} |"
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]
    return "\n".join(["| operation | what it does | scope |", "| --- | --- | --- |", *rows])


def _scope(operation: dict[str, Any]) -> str:
    return ", ".join(f"`{scope}`" for way in operation.get("security", []) for scope in way.get("key", []))


PARTS: dict[str, Callable[[], str]] = {
    "settings": lambda: settings(GENERAL, "TOCSIN__"),
    "pipeline-settings": lambda: settings(PIPELINE, "TOCSIN__PIPELINES__NAME__"),
    "table-settings": lambda: settings(TABLE, "TOCSIN__PIPELINES__NAME__TABLES__TABLE__"),
    "channel-settings": lambda: settings(CHANNEL, "TOCSIN__CHANNELS__NAME__"),
    "route-settings": lambda: settings(ROUTE, ""),
    "expect-settings": lambda: settings(EXPECT, ""),
    "check-settings": lambda: settings(CHECK, "TOCSIN__CHECKS__NAME__"),
    "serve-settings": lambda: settings(SERVE, "TOCSIN__SERVE__"),
    "oidc-settings": lambda: settings(OIDC, "TOCSIN__OIDC__"),
    "maintenance-settings": lambda: settings(MAINTENANCE, ""),
    "retention-settings": lambda: settings(RETENTION, "TOCSIN__RETENTION__"),
    "channels": channels,
    "commands": commands,
    "operations": operations,
    "public-names": python_reference.public_names,
    "errors": python_reference.errors,
}


def written(text: str) -> str:
    """Return `text` with every generated part made anew."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n\n{part[3]}", text)


def stale() -> Iterator[tuple[Path, str]]:
    """Yield the files that are not up to date, with the text they should have; none for what is of no channel."""
    pages = {PAGES / f"{name}.md": channel_page(channel) for name, channel in CHANNELS.items()}
    for path in sorted({*(ROOT / "docs").glob("**/*.md"), ROOT / "README.md"} | set(pages)):
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        after = pages.get(path, "") if path.parent == PAGES else written(before)
        if after != before:
            yield path, after


def _example(channel: type[Channel]) -> str:
    needed = [f for f in channel.fields if f.required] or [f for f in channel.fields if f.secret or f.url][:1]
    lines = {secret: [f'{f.name} = "{f.example}"' for f in needed if f.secret == secret] for secret in (False, True)}
    head = "[tocsin.channels.ops]"
    parts = ['```toml title=".dlt/config.toml"', head, f'type = "{channel.type}"', *lines[False], "```"]
    if lines[True]:
        parts += ["", '```toml title=".dlt/secrets.toml"', head, *lines[True], "```"]
    return "\n".join([*parts, "", "```console", "$ tocsin channel test ops", "```"])


def _fields(channel: type[Channel]) -> str:
    rows = [
        f"| `{f.name}` | {_code(f.default)} | {_cell(f.help)}{' **Required.**' if f.required else ''} | "
        f"{'secrets.toml' if f.secret else 'config.toml'} |"
        for f in channel.fields
    ]
    return "\n".join(["| setting | default | what it does | where |", "| --- | --- | --- | --- |", *rows])


def _command(name: str) -> str:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None  # noqa: S101  # the registry names it
    parts = [f"## tocsin {name}", "", "```text", _help(command, f"tocsin {name}"), "```"]
    if isinstance(command, click.Group):
        for sub in command.commands.values():
            parts += ["", "```text", _help(sub, f"tocsin {name} {sub.name}"), "```"]
    return "\n".join(parts)


def _help(command: click.Command, path: str) -> str:
    context = click.Context(command, info_name=path, terminal_width=88, max_content_width=88)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def _variable(prefix: str, key: str) -> str:
    return f"`{prefix}{key.upper()}`" if prefix else ""


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Rewrite, or check."""
    found = list(stale())
    if "--check" in sys.argv[1:]:
        for path, _ in found:
            print(f"{path.relative_to(ROOT)} is not up to date: run make docs")
        sys.exit(1 if found else 0)
    PAGES.mkdir(exist_ok=True)
    for path, text in found:
        if text:
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink()
        print(f"{'wrote' if text else 'removed'} {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
