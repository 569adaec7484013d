"""What a message is about, in the words that routes use, for receivers that sort alerts by such words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.channels.formats.literal import cut, one_line
from tocsin.core.alert import Alert
from tocsin.core.codec import decode
from tocsin.core.labels import labels_of
from tocsin.core.message import Message

#: Characters of one word; names of pipelines and tables are shorter.
_WORD = 200


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a message is about."""

    #: The labels of the alert that routes match (pipeline, environment, severity…), as far as they are known.
    labels: dict[str, str]
    #: Since when the problem is there.
    since: datetime


def subject(message: Message) -> Subject:
    """Return what `message` is about; of a message without an alert only the severity is known."""
    data = message.data or {}
    try:
        alert = decode(Alert, data.get("alert"))
    except ValueError:
        return Subject(labels={"severity": message.severity.value}, since=message.at)
    words = labels_of(alert, owner=str(data.get("owner", ""))).items()
    labels = {name: cut(one_line(word), _WORD) for name, word in words if isinstance(word, str)}
    return Subject(labels={name: word for name, word in labels.items() if word}, since=alert.since)
