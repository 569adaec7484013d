"""Silences, and what they mute, as documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tocsin.core.silence import Silence, State
from tocsin.documents.alerts import read_alert
from tocsin.store.protocol import Transaction

if TYPE_CHECKING:
    from tocsin.engine.silences import Preview


@dataclass(frozen=True, kw_only=True)
class SilenceDocument:
    """Something that is muted for a while."""

    id: str
    state: State
    #: All of them have to hold; none of them: everything is muted.
    conditions: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    #: From when on it mutes nothing: earlier than `ends_at` if somebody has ended it.
    over_at: datetime
    reason: str
    author: str
    created_at: datetime
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PipelineName:
    """A pipeline with its environment."""

    pipeline: str
    environment: str


def silence_document(silence: Silence, now: datetime) -> SilenceDocument:
    """Return a silence."""
    return SilenceDocument(
        id=silence.id,
        state=silence.state(now),
        conditions=tuple(map(str, silence.matchers)),
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        over_at=silence.over_at,
        reason=silence.reason,
        author=silence.author,
        created_at=silence.created_at,
        ended_by=silence.ended_by,
        ended_at=silence.ended_at,
    )


def preview_document(tx: Transaction, found: Preview) -> dict[str, object]:
    """Return what conditions fit: `alerts` that are open, those that are `over`, and `pipelines`."""
    return {
        "alerts": [read_alert(tx, alert) for alert in found.alerts],
        "over": [read_alert(tx, alert) for alert in found.over],
        "pipelines": [PipelineName(pipeline=name, environment=environment) for name, environment in found.pipelines],
    }
