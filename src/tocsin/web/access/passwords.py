"""Passwords, as argon2id hashes: what people choose can be guessed, so each guess has to cost something."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's Password Storage Cheat Sheet asks for 19 MiB and 2 rounds at least. One guess takes some 50 ms and 32 MiB;
# the login page lets one at a time be made, so that nobody fills the memory with them.
_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return what is kept of a password: the hash with its salt and costs."""
    return _HASHER.hash(password.encode(errors="surrogatepass"))


def is_right(password: str, kept: str | None) -> bool:
    """Whether `kept` is the hash of `password`; for None it never is, and takes as long to find out."""
    nobodys = _nobodys()
    try:
        _HASHER.verify(nobodys if kept is None else kept, password.encode(errors="surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _nobodys() -> str:
    return hash_password("")
