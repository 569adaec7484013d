"""What Teams takes and shows literally, written apart from the code that obeys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema

SCHEMA = json.loads((Path(__file__).parent / "golden" / "adaptive-card.schema.json").read_text())
#: A message may have 28 KB with all that Teams adds.
TOTAL = 20_000
#: Elements of version 1.2 in which no Markdown is read.
KNOWN = {"AdaptiveCard", "Container", "RichTextBlock", "TextRun", "Action.OpenUrl"}
#: What a client replaces by a date.
LIVE = re.compile(r"\{\{(DATE|TIME)\(")


def complaints(payload: dict[str, Any]) -> list[str]:
    """Return what Teams would refuse, or what would not be shown literally; empty if all is well."""
    size = len(json.dumps(payload, ensure_ascii=False).encode())
    found = [f"{size} bytes"] if size > TOTAL else []
    found += [] if payload["type"] == "message" else ["no message"]
    [attachment] = payload["attachments"]
    found += [] if attachment["contentType"] == "application/vnd.microsoft.card.adaptive" else ["no card"]
    card = dict(attachment["content"])
    found += [] if card.pop("msteams") == {"width": "Full"} else ["the extension for Teams is not known"]
    found += [error.message for error in jsonschema.Draft6Validator(SCHEMA).iter_errors(card)]
    found += ["more than six buttons"] if len(card.get("actions", [])) > 6 else []
    for item in objects(card):
        found += [] if item["type"] in KNOWN else [f"{item['type']} is not known"]
        found += ["an empty element"] if "" in item.values() or [] in (item.get("inlines"), item.get("items")) else []
        found += ["a function for dates"] if LIVE.search(str(item.get("text", ""))) else []
        if item["type"] == "Action.OpenUrl" and not re.fullmatch(r"https?://[!-~]+", item["url"]):
            found.append(f"no web address: {item['url']}")
    return found


def shown(payload: dict[str, Any]) -> str:
    """Return all that can be read on a card."""
    return "".join(item["text"] for item in objects(payload) if item.get("type") == "TextRun")


def objects(value: object) -> Iterator[dict[str, Any]]:
    """Yield all objects that have a type, from outside in."""
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)
