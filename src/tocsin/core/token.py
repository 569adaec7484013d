"""Keys and session tokens: what they look like, and what is kept of them.

Of both only the SHA-256 is kept. That suffices because they are 256 bits of chance: nobody can try enough of them, so
there is nothing that a slow hash would slow down. Passwords are chosen by people, and can be guessed; for those, and
for those alone, there is argon2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

#: Bytes of chance in a key or a token.
SECRET_BYTES = 32

#: "tocsin_", the id, and the secret in base64url; scanners for secrets know a key by this.
_KEY = re.compile(r"tocsin_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
#: What nothing hashes to: compared with where there is nothing to compare with, so that this takes as long.
_NOTHING = "-" * 64


def key_text(key_id: str, secret: bytes) -> str:
    """Return a key as it is shown, once: "tocsin_4f2a90c1d5e8_…".

    Args:
        key_id: Twelve hexadecimal digits, which are no secret.
        secret: `SECRET_BYTES` of chance.
    """
    return f"tocsin_{key_id}_{token_text(secret)}"


def token_text(secret: bytes) -> str:
    """Return `SECRET_BYTES` of chance as 43 characters of base64url."""
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def key_id_of(text: str) -> str | None:
    """Return the id in a key, or None for what is no key."""
    match = _KEY.fullmatch(text)
    return match[1] if match else None


def hash_of(text: str) -> str:
    """Return what is kept of a key or a token."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def fits(text: str, kept: str | None) -> bool:
    """Whether `kept` is the hash of `text`; how long it takes tells nothing about either."""
    return hmac.compare_digest(hash_of(text), kept if kept is not None else _NOTHING)
