"""Addresses that a message may carry: checked before anybody can click them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from tocsin.core.run import Link

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def web_link(label: str, url: object) -> tuple[Link, ...]:
    """Make one link of what an orchestrator or the environment calls a URL.

    Args:
        label: What the link is called in a message.
        url: Anything; control and invisible characters are dropped, spaces are percent-encoded.

    Returns:
        A tuple of one link, or an empty tuple where `url` is no http or https address.
    """
    text = "".join(character for character in str(url) if character.isprintable()).strip().replace(" ", "%20")
    return (Link(label=label, url=text),) if text.lower().startswith(("http://", "https://")) else ()


def filled(template: str, values: Mapping[str, str]) -> str:
    """Replace `{name}` by the percent-encoded value of that name; unknown names stay as they are written."""
    return _PLACEHOLDER.sub(
        lambda match: quote(values[match[1]], safe="") if match[1] in values else match[0],
        template,
    )
