"""What a rule saw."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from tocsin.core.run import Stage
from tocsin.core.severity import Severity


class Kind(StrEnum):
    """The question that a finding answers."""

    NOT_STARTED = "not_started"
    LATE = "late"
    STUCK = "stuck"
    FAILED = "failed"
    PARTIAL = "partial"
    EXITED = "exited"
    INTERRUPTED = "interrupted"
    DIED = "died"
    PENDING_ONLY = "pending_only"
    #: All is well again: resolves the alert of the subject.
    RECOVERED = "recovered"
    #: A table got unusually many or few rows.
    VOLUME = "volume"
    #: A run, or one of its steps, took unusually long.
    DURATION = "duration"
    #: Tables or columns came, went or changed their type.
    SCHEMA = "schema"
    #: A table has got nothing new for too long.
    STALE = "stale"
    #: The same load arrived twice.
    DUPLICATE = "duplicate"
    #: A data test found rows that it should not have found.
    CHECK = "check"
    #: A data test could not be run.
    CHECK_ERROR = "check_error"
    #: A channel cannot deliver.
    CHANNEL = "channel"


#: Kinds of what has happened, once, and does not go on.
PASSING = frozenset({Kind.SCHEMA, Kind.DUPLICATE})


class Topic(StrEnum):
    """What an alert is about. Of a subject, and of an item in it, at most one alert is open per topic."""

    #: Did the pipeline deliver its data: failed, late, stuck and so on are kinds of this one topic.
    DELIVERY = "delivery"
    #: How many rows a table got; its item is the table.
    VOLUME = "volume"
    #: How long a run took; its item is the step, or empty for the whole run.
    DURATION = "duration"
    #: What a table looks like; its item is the table.
    SCHEMA = "schema"
    #: How old a table's newest data are; its item is the table.
    FRESHNESS = "freshness"
    #: A load that arrived twice; its item is the table.
    DUPLICATE = "duplicate"
    #: A data test; its item is the name of the check.
    CHECK = "check"
    #: Tocsin's own channels.
    CHANNEL = "channel"


class Trait(StrEnum):
    """What findings about several subjects can have in common, or routes can ask for."""

    #: The root exception without what differs from run to run.
    CAUSE = "cause"
    #: The same as it was said.
    REASON = "reason"
    UPSTREAM = "upstream"
    DESTINATION = "destination"
    HOST = "host"
    TABLE = "table"
    #: Who owns what was found, where that is not the owner of the pipeline.
    OWNER = "owner"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One observation by one rule. Findings are facts: whether anybody hears of them is decided later."""

    kind: Kind
    topic: Topic
    #: The pipeline, or for the channel topic the channel.
    subject: str
    environment: str
    #: The part of the subject that it is about: a table, a step or a check; empty for the whole.
    item: str = ""
    severity: Severity
    at: datetime
    #: One sentence without a full stop that stands alone: "extract failed: HTTPError 503 from api.example.com".
    summary: str
    #: What to do, commands included; may be empty.
    hint: str = ""
    #: Equal for two findings with the same reason. A change of reason is news; a repetition is not.
    reason_key: str = ""
    #: The stage that went wrong; a recovery has to reach it.
    stage: Stage | None = None
    run_id: str | None = None
    #: Occurrences count logical runs: attempts of one run are one occurrence.
    logical_id: str = ""
    #: Facts in the order in which they are shown.
    evidence: Mapping[str, str] = field(default_factory=dict)
    #: Texts that keep their line breaks, by their labels: a query that reproduces it, a table, a drawing.
    code: Mapping[str, str] = field(default_factory=dict)
    #: What it may have in common with findings about other subjects, by `Trait`.
    traits: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """The identity of the problem that it is about."""
        return fingerprint(self.topic, self.environment, self.subject, self.item)


def fingerprint(topic: Topic, environment: str, subject: str, item: str = "") -> str:
    """Return the identity of a problem: the same for all findings that belong to one open alert."""
    text = f"{topic}\0{environment}\0{subject}" + (f"\0{item}" if item else "")
    # A name may hold what cannot be encoded: half of a surrogate pair.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
