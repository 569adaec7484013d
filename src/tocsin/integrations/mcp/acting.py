"""The tools that act, for who allows it. They do what `tocsin ack`, `snooze`, `resolve` and `silence add` do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from tocsin.core.access import MCP
from tocsin.core.matchers import parse_matcher
from tocsin.core.route import LABELS
from tocsin.core.typed_time import read_time
from tocsin.documents.alerts import read_alert
from tocsin.documents.elsewhere import kept_elsewhere
from tocsin.documents.silences import silence_document
from tocsin.engine.act import Acted, acknowledge_alert, resolve_alert, snooze_alert
from tocsin.engine.deliver import deliver
from tocsin.engine.engine import Engine
from tocsin.engine.silences import add_silence, open_alerts_that_fit
from tocsin.errors import Refused
from tocsin.integrations.mcp.answer import answer
from tocsin.integrations.mcp.desk import Desk
from tocsin.integrations.mcp.reading import Tool

_Alert = Annotated[
    str,
    Field(
        min_length=1,
        description="The beginning of the id of an alert, the name of a pipeline with an open alert, or the id of a "
        "group for all in it.",
    ),
]
_Until = Annotated[
    str,
    Field(description='Until when, in UTC: "2h" from now, "9:00", "tue 9:00", or "2026-11-24T09:00+01:00".'),
]
_Issue = Annotated[
    str | None,
    Field(max_length=500, description="Where it is dealt with, for example the address of a ticket."),
]
_Conditions = Annotated[
    list[str],
    Field(
        min_length=1,
        description='All of them have to hold, for example ["pipeline=orders", "severity=~\'warning|error\'"]. '
        f"Labels: {', '.join(LABELS)}.",
    ),
]
_Why = Annotated[str, Field(min_length=1, max_length=500, description="Why, for whoever wonders later.")]


class Acting:
    """Changes alerts and silences; who was told of an alert hears of it."""

    def __init__(self, desk: Desk) -> None:
        """Take where to work, and in whose name."""
        self._desk = desk

    @property
    def tools(self) -> Sequence[Tool]:
        """What a model can do."""
        return self.acknowledge_alert, self.snooze_alert, self.resolve_alert, self.add_silence

    def acknowledge_alert(self, alert: _Alert, issue: _Issue = None) -> dict[str, object]:
        """Note that somebody takes care of an alert: it is not repeated until it changes.

        Only when the user has asked for it.
        """
        with self._desk.open() as engine:
            return _done(engine, acknowledge_alert(engine, alert, by=self._desk.actor, origin=MCP, issue=issue))

    def snooze_alert(self, alert: _Alert, until: _Until, issue: _Issue = None) -> dict[str, object]:
        """Put an alert off: nobody hears of it until then, unless it changes or ends.

        Only when the user has asked for it.
        """
        with self._desk.open() as engine:
            end = _moment(until, engine.clock())
            by = self._desk.actor
            return _done(engine, snooze_alert(engine, alert, until=end, by=by, origin=MCP, issue=issue))

    def resolve_alert(self, alert: _Alert) -> dict[str, object]:
        """End an alert by hand, where it is known that the problem is over. If it comes back it is a new alert.

        Only when the user has asked for it.
        """
        with self._desk.open() as engine:
            return _done(engine, resolve_alert(engine, alert, by=self._desk.actor, origin=MCP))

    def add_silence(
        self,
        conditions: _Conditions,
        until: _Until,
        reason: _Why,
    ) -> dict[str, object]:
        """Mute all alerts that fit conditions until a moment, open ones and those to come.

        Only when the user has asked for it.
        """
        with self._desk.open() as engine:
            now = engine.clock()
            end = _moment(until, now)
            try:
                matchers = [parse_matcher(text, labels=LABELS) for text in conditions]
                silence = add_silence(
                    engine,
                    matchers,
                    starts_at=now,
                    ends_at=end,
                    reason=reason,
                    author=self._desk.actor,
                    origin=MCP,
                )
            except ValueError as error:
                raise Refused(str(error)) from error
            with engine.store.reading() as tx:
                muted = [read_alert(tx, one) for one in open_alerts_that_fit(engine, tx, matchers)]
            facts = {"silence": silence_document(silence, now), "mutes_now": muted}
            return answer(facts, kept_elsewhere(engine.config))


def _moment(text: str, now: datetime) -> datetime:
    try:
        moment = read_time(text, start=now, zone="UTC")
    except ValueError as error:
        raise Refused(f"until {error}") from error
    if moment <= now:
        raise Refused(f"until {text!r}: that has passed already; it is {now.isoformat()}")
    return moment


def _done(engine: Engine, acted: Sequence[Acted]) -> dict[str, object]:
    """Deliver at once what an act makes due, and answer with the alerts as they are now."""
    deliver(engine)
    with engine.store.reading() as tx:
        done = [{"change": each.change, "alert": read_alert(tx, each.alert)} for each in acted]
    return answer({"done": done}, kept_elsewhere(engine.config))
