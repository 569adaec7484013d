"""What Discord takes and shows literally, written apart from the code that obeys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema

SCHEMA = json.loads((Path(__file__).parent / "golden" / "discord.schema.json").read_text())
#: Characters over all texts of all embeds.
TOTAL = 6_000
_FENCED = re.compile(r"```\n(.*?)\n```", re.DOTALL)
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
_OWN = re.compile(r"\*\*[^*\n]+\*\*|\[[^\[\]\n]+\]\(https?://[^\s()<>\\]+\)")
#: Mentions, emphasis, code, spoilers, links, headings, lists, quotes, emoji, dates, and addresses by themselves.
LIVE = re.compile(r"[\\`*_~|<>\[\]()#@]|://|:\w+:|^\s*[-+] |^\s*\d+\. ", re.MULTILINE)


def complaints(payload: dict[str, Any]) -> list[str]:
    """Return what Discord would refuse, or what would not be shown literally; empty if all is well."""
    found = [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(payload)]
    found += [] if payload["allowed_mentions"] == {"parse": []} else ["somebody can be pinged"]
    texts = [payload["content"]]
    total = 0
    for embed in payload["embeds"]:
        texts += [embed["title"], embed["description"]]
        total += len(embed["title"]) + len(embed["description"]) + len(embed.get("footer", {}).get("text", ""))
    found += [f"{total} characters in embeds"] if total > TOTAL else []
    return found + [f"live markup: {words}" for text in texts if (words := live_markup(text))]


def live_markup(text: str) -> str:
    """Return the first piece of markup that did not come from the format itself, or an empty string."""
    if any("``" in code for code in _FENCED.findall(text)):
        return "a fence in code"
    rest = _OWN.sub("x", _ESCAPED.sub("x", _FENCED.sub("x", text)))
    found = LIVE.search(rest)
    return found[0] if found else ""


def shown(text: str) -> str:
    """Return what Discord shows of a text without markup of its own."""
    return _ESCAPED.sub(r"\1", text)
