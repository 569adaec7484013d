"""Conditions on labels, in Alertmanager's notation: `pipeline=~"billing.*"`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from tocsin.core.labels import Labels

_FORM = re.compile(r'^\s*([a-z_]+)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))\s*$')


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """One condition on one label. A label that is not there counts as empty.

    A label with several values (`tags`) fulfils `=` and `=~` if one of them does, and `!=` and `!~` if none of them is
    what is ruled out.
    """

    label: str
    operator: str
    value: str

    def matches(self, labels: Labels) -> bool:
        """Whether `labels` fulfil the condition; a pattern has to match the whole value."""
        found = labels.get(self.label) or ("",)
        values = (found,) if isinstance(found, str) else found
        if self.operator in {"=", "!="}:
            return (self.value in values) is (self.operator == "=")
        return any(self._pattern.fullmatch(value) for value in values) is (self.operator == "=~")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.value)

    def __str__(self) -> str:
        # As `parse_matcher` reads it: a pattern has its own backslashes.
        literal = self.operator in {"=", "!="}
        value = re.sub(r'(["\\])', r"\\\1", self.value) if literal else self.value
        return f'{self.label}{self.operator}"{value}"'


def parse_matcher(text: str, *, labels: tuple[str, ...]) -> Matcher:
    """Read one condition.

    Args:
        text: For example `severity="critical"`; the quotes may be left out.
        labels: The labels that exist.

    Raises:
        ValueError: The text is not a condition, names another label or holds a broken pattern.
    """
    form = _FORM.match(text)
    if form is None:
        raise ValueError(
            f"{text!r} is not a condition; write for example 'pipeline=\"orders\"' or 'severity=~\"err.*\"'"
        )
    label, operator, quoted, bare = form.groups()
    value = (
        re.sub(r"\\(.)", r"\1", quoted) if quoted is not None and operator in {"=", "!="} else (quoted or bare or "")
    )
    if label not in labels:
        raise ValueError(f"{text!r} asks for the label {label!r}; there are: {', '.join(labels)}")
    if operator in {"=~", "!~"}:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{text!r} holds a broken pattern: {error}") from error
    return Matcher(label=label, operator=operator, value=value)
