"""What Telegram takes, and what it makes of words by itself, written apart from the code that obeys."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

#: What Telegram's server makes something to click of, in plain text (core.telegram.org/bots/api#messageentity).
DETECTED = {
    "mention": re.compile(r"(?<!\w)@\w{2,}"),
    "hashtag": re.compile(r"(?<!\w)#\w+"),
    "cashtag": re.compile(r"(?<!\w)\$[A-Z]{1,8}\b"),
    "bot_command": re.compile(r"(?<![\w/])/\w+"),
    "url": re.compile(r"(?:https?|tg|ton|ftp)://\S+|\b[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}\b|\b\d+\.\d+\.\d+\.\d+\b"),
    "email": re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
}
CODE = ("code", "pre")


def complaints(payload: dict[str, Any]) -> list[str]:
    """Return what Telegram would refuse, or what could be clicked; empty if all is well."""
    units = payload["text"].encode("utf-16-le")
    length = len(units) // 2
    found = [] if 1 <= length <= 4_096 and payload["text"].strip() else [f"{length} characters"]
    found += [] if payload["text"] == payload["text"].strip() else ["Telegram cuts the margins, and the offsets move"]
    found += ["too many entities"] if len(payload["entities"]) > 100 else []
    found += [] if payload["link_preview_options"] == {"is_disabled": True} else ["previews"]
    covered: list[tuple[int, int]] = []
    end = 0
    for entity in payload["entities"]:
        start, stop = entity["offset"], entity["offset"] + entity["length"]
        found += [] if end <= start < stop <= length else [f"{entity} overlaps or is out of the text"]
        units[2 * start : 2 * stop].decode("utf-16-le")  # raises if it cuts a character
        end = stop
        if entity["type"] in CODE:
            covered.append((start, stop))
        elif entity["type"] not in {"bold", "italic"}:
            found.append(f"{entity['type']} is not known")
    for kind, pattern in DETECTED.items():
        for match in pattern.finditer(payload["text"]):
            start, stop = (_units(payload["text"][:place]) for place in match.span())
            if not any(first <= start and stop <= last for first, last in covered):
                found.append(f"{kind}: {match[0]}")
    buttons = [button for row in payload.get("reply_markup", {}).get("inline_keyboard", []) for button in row]
    found += ["too many buttons"] if len(buttons) > 100 else []
    for button in buttons:
        web = re.fullmatch(r"https?://[!-~]+", button["url"]) and "." in (urlsplit(button["url"]).hostname or "")
        found += [] if web and button["text"] else [f"no button: {button}"]
    return found


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
