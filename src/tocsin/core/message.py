"""What a person reads, before any format: an alert becomes neutral blocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.core.run import Link
from tocsin.core.severity import Severity


class Tone(StrEnum):
    """How a message looks: the colour bar and the sign before the title."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    GOOD = "good"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A label and its value, shown side by side: "What", "extract of orders → duckdb"."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Running text, for a hint or a plain message."""

    text: str
    #: Shown in bold before the text; may be empty.
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Code:
    """Text whose line breaks and spacing matter: a traceback, a command, a query."""

    code: str
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Consecutive facts."""

    items: tuple[Fact, ...]


Block = Facts | Paragraph | Code


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message about one alert, or a plain one from the user's code.

    All texts are literal: nothing in them is markup. Each format escapes them in its own way.
    """

    title: str
    tone: Tone
    blocks: tuple[Block, ...] = ()
    links: tuple[Link, ...] = ()
    #: One small line at the end: alert id, environment, version.
    footer: str = ""
    at: datetime
    #: Identity of the alert, so that updates find their first message; None for a plain message.
    alert_id: str | None = None
    severity: Severity = Severity.INFO
    #: Machine-readable facts for channels that send data and not text (webhook, PagerDuty, Sentry).
    data: dict[str, object] | None = None
