"""What Slack takes, as far as it says so (docs.slack.dev, Block Kit), written apart from the code that obeys."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

SCHEMA = json.loads((Path(__file__).parent / "golden" / "slack.schema.json").read_text())
#: Markup that pings people or hides a link behind words.
LIVE = re.compile(r"<[@#!][^>]*>|<[a-z]+:[^>]*>")
#: `msg_blocks_too_long` was seen from about 13,200 characters on.
TOTAL = 12_000


def complaints(payload: dict[str, Any]) -> list[str]:
    """Return what Slack would refuse, or what would not be shown literally; empty if all is well."""
    found = [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(payload)]
    blocks = [*payload.get("blocks", []), *(b for a in payload.get("attachments", []) for b in a["blocks"])]
    objects = list(_objects(blocks))
    found += _too_long("text", html.unescape(payload["text"]), 4_000)
    found += ["live markup in text"] if LIVE.search(payload["text"]) else []
    found += ["too many blocks"] if len(blocks) > 50 else []
    found += [f"{o['type']} is empty" for o in objects if o.get("elements") == [] or o.get("text") == ""]
    found += ["mrkdwn is read as markup"] if any(o.get("type") == "mrkdwn" for o in objects) else []
    for block in objects:
        match block:
            case {"type": "header", "text": {"text": str(text)}}:
                found += _too_long("header", text, 150)
            case {"type": "context", "elements": list(elements)}:
                found += ["too many context elements"] if len(elements) > 10 else []
            case {"type": "text", "text": str(text)}:
                found += _too_long("text", text, 3_000)
            case {"type": "link", "url": str(url)}:
                found += _too_long("url", url, 3_000)
                found += [] if re.fullmatch(r"https?://[^\s<>|]+", url) else [f"no web address: {url}"]
    return found + _too_long("all blocks", "".join(_strings(objects)), TOTAL)


def _too_long(name: str, text: str, limit: int) -> list[str]:
    return [f"{name} has {len(text)} characters, more than {limit}"] if len(text) > limit else []


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _strings(objects: list[dict[str, Any]]) -> Iterator[str]:
    for item in objects:
        yield from (item[key] for key in ("text", "url") if isinstance(item.get(key), str))
