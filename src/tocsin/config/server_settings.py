"""The table of the settings of `tocsin serve`."""

from __future__ import annotations

from urllib.parse import urlsplit

from tocsin.config.settings import Setting, read_count, read_text, read_texts

_HIGHEST_PORT = 65_535


def read_port(value: object) -> int:
    """Read the number of a port.

    Raises:
        ValueError: It is none.
    """
    if (port := read_count(value)) > _HIGHEST_PORT:
        raise ValueError(f"expected the number of a port, 0 to {_HIGHEST_PORT}")
    return port


def read_address(value: object) -> str:
    """Read the address of a server, without a slash at its end.

    Raises:
        ValueError: It is no address, or has more than scheme, host and port.
    """
    text = read_text(value).rstrip("/")
    address = urlsplit(text)
    if (
        address.scheme not in {"http", "https"}
        or not address.hostname
        or text != f"{address.scheme}://{address.netloc}"
    ):
        raise ValueError("expected scheme, host and port, for example https://tocsin.internal")
    return text


#: `[tocsin.serve]`
SERVE = (
    Setting(
        key="host",
        read=read_text,
        default="127.0.0.1",
        help="The address that `tocsin serve` listens on: this machine only. `0.0.0.0` is every address it has.",
    ),
    Setting(key="port", read=read_port, default="8765", help="The port that it listens on; 0 takes any that is free."),
    Setting(
        key="public_url",
        read=read_address,
        default=None,
        help="How browsers know the server, where a proxy in front of it takes their requests. With `https://` the "
        "cookies of logins go over https alone. Messages then bear links to their alert, and to what can be done about "
        "it.",
        example="https://tocsin.internal",
    ),
    Setting(
        key="trusted_proxies",
        read=read_texts,
        default=None,
        help="Addresses or networks of the proxies in front of the server: from them it believes who asks "
        "(`X-Forwarded-For`) and whether by https (`X-Forwarded-Proto`). Default: from nobody.",
        example='["10.0.0.0/8"]',
    ),
)
