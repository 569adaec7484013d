"""Read exceptions that others wrote, whatever their code does when it is looked at.

A `__str__`, a property or a `__getattr__` of an exception is code from outside: it may raise anything, `SystemExit`
included. So every look goes through this file, and every failure here means "not known".
"""

from __future__ import annotations

from collections.abc import Iterable

#: Longer texts are read up to here: a response body inside a message may have any size.
LONGEST_TEXT = 20_000


def read(subject: object, *path: str) -> object:
    """Return the attribute (or, of a mapping, the item) that `path` leads to, or None."""
    for name in path:
        try:
            subject = subject.get(name) if isinstance(subject, dict) else getattr(subject, name, None)
        except BaseException:  # noqa: BLE001 - see the top of the file
            return None
        if subject is None:
            return None
    return subject


def read_text(subject: object, *path: str) -> str | None:
    """Return a text as `read` does, or None where something else or nothing is found."""
    value = read(subject, *path)
    return str(value)[:LONGEST_TEXT] if isinstance(value, str) and value else None


def text(error: object) -> str:
    """Return what `str()` gives, up to 20,000 characters, or an empty string."""
    try:
        return str(error)[:LONGEST_TEXT].strip()
    except BaseException:  # noqa: BLE001 - see the top of the file
        return ""


def names(error: BaseException) -> tuple[str, ...]:
    """Return the qualified names of the exception's class and of all its bases, most special first."""
    return tuple(qualified_name(cls) for cls in type.mro(type(error)))


def qualified_name(cls: type) -> str:
    """Return "package.module.Class", without the module for built-in exceptions."""
    module, name = read(cls, "__module__"), read(cls, "__qualname__")
    return f"{name}" if module in {"builtins", "__main__", None} else f"{module}.{name}"


def short_name(error: BaseException) -> str:
    """Return the bare name of the exception's class."""
    return str(read(type(error), "__name__"))


def is_a(error: BaseException, wanted: Iterable[str]) -> bool:
    """Whether the class or one of its bases has one of the qualified names."""
    return not set(wanted).isdisjoint(names(error))
