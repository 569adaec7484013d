"""What documents look like, for the schema: the very types that they are made of."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, Field, computed_field
from pydantic.dataclasses import dataclass

from tocsin.core.alert import Alert, Change
from tocsin.core.finding import Kind
from tocsin.core.group import Group
from tocsin.core.run import Outcome, Run
from tocsin.documents.alerts import ToldDocument
from tocsin.documents.checks import CheckDocument
from tocsin.documents.notifications import NotificationDocument
from tocsin.documents.silences import PipelineName, SilenceDocument

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A part of a long list."""

    items: list[T]
    next: str | None = Field(description="The cursor of the next page; null on the last.")


@dataclass(frozen=True, kw_only=True)
class RunDocument(Run):
    """A run."""

    duration_seconds: float | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def rows(self) -> int:
        """Rows sent to the user's tables, dlt's own tables left out."""
        return super().rows


@dataclass(frozen=True, kw_only=True)
class AlertDocument(Alert):
    """An alert, with who knows of it."""

    told: list[ToldDocument]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def open(self) -> bool:
        """Whether the problem goes on."""
        return super().open


@dataclass(frozen=True, kw_only=True)
class LifeDocument(AlertDocument):
    """An alert with all that became of it."""

    #: Ids of the runs that showed the problem, newest first.
    runs: list[str]
    #: Decisions to tell or not to tell, oldest first.
    notifications: list[NotificationDocument]


class PipelineDocument(BaseModel):
    """How a pipeline stands."""

    pipeline: str
    environment: str
    state: Kind | Outcome | None = Field(
        description="The kind of its worst open alert, else how its last run ended; null where it never ran."
    )
    run: RunDocument | None = Field(description="The run that began last.")
    alerts: list[AlertDocument] = Field(description="Those that are open, the newest first.")
    next_due_at: datetime | None = Field(description="When it should run next; null where nobody knows.")


class CheckHistoryDocument(BaseModel):
    """A check with its last results."""

    check: str
    results: list[CheckDocument] = Field(description="The newest first; failing rows and queries are not kept.")


class GroupDocument(BaseModel):
    """Problems that were told together."""

    group: Group
    alerts: list[AlertDocument] = Field(description="Its problems, those that go on first.")


class PreviewDocument(BaseModel):
    """What conditions fit."""

    alerts: list[AlertDocument] = Field(description="Those that are open.")
    over: list[AlertDocument] = Field(description="Those of the last 7 days that are over.")
    pipelines: list[PipelineName]


class ActedDocument(BaseModel):
    """An alert after somebody did something about it."""

    change: Change = Field(description="`nothing` if all was as it should be.")
    alert: AlertDocument


class EndedSilenceDocument(BaseModel):
    """A silence that was ended."""

    silence: SilenceDocument
    still_open: list[AlertDocument] = Field(description="Alerts that it muted and that are told now.")
