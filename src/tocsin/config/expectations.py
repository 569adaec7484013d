"""One entry of `[[tocsin.expect]]`: who is to hear of a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from tocsin.config.model import Expected
from tocsin.config.reader import value_of
from tocsin.core.finding import Kind
from tocsin.core.labels import Labels
from tocsin.core.matchers import parse_matcher
from tocsin.core.named_moment import parse_moment
from tocsin.core.route import LABELS
from tocsin.core.severity import Severity

#: What one can say of a problem; its topic follows from it.
_LABELS = tuple(label for label in LABELS if label != "topic")
_VALUES = {
    "severity": tuple(severity.value for severity in Severity),
    "kind": tuple(kind.value for kind in Kind if kind not in {Kind.RECOVERED, Kind.CHANNEL}),
}


def read_expected(given: Mapping[str, object], *, key: str, origin: str, timezone: str) -> Expected:
    """Return what the values of one entry expect.

    Args:
        given: Values by the keys of `settings.EXPECT`.
        key: Where it stands: "tocsin.expect[2]".
        origin: The file.
        timezone: The zone of a moment that names none.

    Raises:
        ValueError: Something is missing or cannot be read.
    """
    reaches: tuple[str, ...] = value_of(given, "reaches", ())
    reaches_not: tuple[str, ...] = value_of(given, "reaches_not", ())
    if not reaches and not reaches_not:
        raise ValueError('it says nothing of who hears; write for example reaches = ["ops"]')
    at = given.get("at")
    return Expected(
        key=key,
        origin=origin,
        labels=_labels(cast("Sequence[str]", given.get("alert", ()))),
        at=parse_moment(str(at), zone=timezone) if at is not None else None,
        reaches=reaches,
        reaches_not=reaches_not,
        within=value_of(given, "within", None),
    )


def _labels(texts: Sequence[str]) -> Labels:
    labels: dict[str, str | tuple[str, ...]] = {}
    for text in texts:
        matcher = parse_matcher(text, labels=_LABELS)
        if matcher.operator != "=":
            raise ValueError(f'{text!r} does not say what the problem is; write {matcher.label}="…" with one value')
        values = _VALUES.get(matcher.label)
        if values is not None and matcher.value not in values:
            raise ValueError(f"{text!r}: the {matcher.label} of a problem is one of {', '.join(values)}")
        if matcher.label == "tags":
            labels["tags"] = (*labels.get("tags", ()), matcher.value)
        elif matcher.label in labels:
            raise ValueError(f"{text!r} names a second {matcher.label}; a problem has one")
        else:
            labels[matcher.label] = matcher.value
    if bool(labels.get("pipeline")) is bool(labels.get("channel")):
        raise ValueError("an alert is about a pipeline or a channel; write for example alert = ['pipeline=\"orders\"']")
    return labels
