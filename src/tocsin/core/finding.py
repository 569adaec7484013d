"""What a rule saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

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
    #: A channel cannot deliver.
    CHANNEL = "channel"


class Topic(StrEnum):
    """What an alert is about. A subject has at most one open alert per topic."""

    #: Did the pipeline deliver its data: failed, late, stuck and so on are kinds of this one topic.
    DELIVERY = "delivery"
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
    #: What it may have in common with findings about other subjects, by `Trait`.
    traits: Mapping[str, str] = field(default_factory=dict)
