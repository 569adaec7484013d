"""What is expected, the slots of it, and the engine's own notes, in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, case, delete, func, select, union_all

from tocsin.core.expectation import Expectation
from tocsin.core.slot import Slot
from tocsin.store.sql_rows import Rows, apart, dump, first_of_newest, load
from tocsin.store.tables import BEGINNING, TO_CHECK, Moment, expectations, slots

_EXPECTATION = select(expectations.c.data).where(
    expectations.c.pipeline == bindparam("pipeline"), expectations.c.environment == bindparam("environment")
)
_EXPECTATIONS = (
    select(expectations.c.data)
    .where(expectations.c.environment == bindparam("environment"), expectations.c.pipeline > bindparam("after"))
    .order_by(expectations.c.pipeline)
    .limit(bindparam("limit"))
)
_EXPECTATIONS_OF = select(expectations.c.data).where(
    expectations.c.pipeline.in_(bindparam("pipelines", expanding=True)),
    expectations.c.environment.in_(bindparam("environments", expanding=True)),
)
_DROP = delete(expectations).where(
    expectations.c.pipeline == bindparam("pipeline"), expectations.c.environment == bindparam("environment")
)
_DUE_EXPECTATIONS = (
    select(expectations.c.data)
    .where(expectations.c.next_slot_at <= bindparam("now"))
    .order_by(expectations.c.next_slot_at)
    .limit(bindparam("limit"))
)
_earlier = slots.alias("earlier")
#: When the earliest of a pipeline's `least` newest slots is due, seen from what is expected of it.
_FIRST_OF_LEAST = first_of_newest(
    _earlier.c.due_at,
    _earlier.c.pipeline == expectations.c.pipeline,
    _earlier.c.environment == expectations.c.environment,
    number="least",
    seen_from=expectations,
)
_SLOTS = (
    select(slots.c.data)
    .where(slots.c.pipeline == bindparam("pipeline"), slots.c.environment == bindparam("environment"))
    .order_by(slots.c.due_at.desc())
    .limit(bindparam("limit"))
)
_UNRESOLVED = _SLOTS.where(slots.c.resolved.is_(False))
#: When the last slot before a moment is due, in the same way.
_LAST_BEFORE = func.coalesce(
    select(func.max(_earlier.c.due_at))
    .where(_earlier.c.pipeline == expectations.c.pipeline, _earlier.c.environment == expectations.c.environment)
    .where(_earlier.c.due_at < bindparam("since", type_=Moment()))
    .correlate(expectations)
    .scalar_subquery(),
    BEGINNING,
)
_SLOTS_OF = (
    select(slots.c.data)
    .select_from(
        expectations.join(
            slots,
            and_(
                slots.c.pipeline == expectations.c.pipeline,
                slots.c.environment == expectations.c.environment,
                slots.c.due_at >= case((_FIRST_OF_LEAST > _LAST_BEFORE, _LAST_BEFORE), else_=_FIRST_OF_LEAST),
            ),
        )
    )
    .where(expectations.c.pipeline.in_(bindparam("pipelines", expanding=True)))
    .where(expectations.c.environment == bindparam("environment"))
)
_DUE_SLOTS = (
    select(slots.c.data)
    .where(TO_CHECK, slots.c.check_at <= bindparam("now"))
    .order_by(slots.c.check_at)
    .limit(bindparam("limit"))
)
_COMING = union_all(
    select(func.min(expectations.c.next_slot_at).label("at")),
    select(func.min(slots.c.check_at).label("at")).where(TO_CHECK),
).subquery()
_NEXT = select(func.min(_COMING.c.at))


class Slots(Rows):
    """The part of a transaction that is about what is expected."""

    def expectation(self, pipeline: str, environment: str) -> Expectation | None:
        """Return what is expected of a pipeline; served by the primary key."""
        text = self._connection.execute(_EXPECTATION, {"pipeline": pipeline, "environment": environment}).scalar()
        return load(Expectation, text) if text is not None else None

    def expectations(self, environment: str, *, after: str = "", limit: int) -> Sequence[Expectation]:
        """Return what is expected of pipelines, by their names; served by the primary key."""
        values = {"environment": environment, "after": after, "limit": limit}
        return [load(Expectation, text) for text in self._connection.scalars(_EXPECTATIONS, values)]

    def expectations_of(self, pipelines: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Expectation]:
        """Return what is expected of these pipelines and environments; served by the primary key."""
        found = [load(Expectation, text) for text in self._connection.scalars(_EXPECTATIONS_OF, apart(pipelines))]
        return {(one.pipeline, one.environment): one for one in found if (one.pipeline, one.environment) in pipelines}

    def save_expectations(self, expected: Sequence[Expectation]) -> None:
        """Insert or replace what is expected of pipelines; served by the primary key."""
        if expected:
            self._replace(
                expectations,
                [
                    {
                        "pipeline": each.pipeline,
                        "environment": each.environment,
                        "next_slot_at": each.next_slot_at,
                        "data": dump(each),
                    }
                    for each in expected
                ],
            )

    def drop_expectation(self, pipeline: str, environment: str) -> None:
        """Expect nothing of a pipeline any more; served by the primary key."""
        self._write(_DROP, {"pipeline": pipeline, "environment": environment})

    def due_expectations(self, now: datetime, *, limit: int) -> Sequence[Expectation]:
        """Return the expectations whose next slot has come; served by `expectations_by_next_slot`."""
        rows = self._connection.execute(_DUE_EXPECTATIONS, {"now": now, "limit": limit}).scalars()
        return [load(Expectation, text) for text in rows]

    def next_slot_at(self) -> datetime | None:
        """Return when the next slot of all has to be computed or looked at; served by the ends of two indexes."""
        return self._connection.execute(_NEXT).scalar()

    def slots(
        self,
        pipeline: str,
        environment: str,
        *,
        unresolved: bool = False,
        before: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Slot]:
        """Return the slots of a pipeline, newest first; served by `slots_by_pipeline`."""
        statement = _UNRESOLVED if unresolved else _SLOTS
        values = {"pipeline": pipeline, "environment": environment, "limit": limit}
        if before is not None:
            statement = statement.where(slots.c.due_at < before)
        return [load(Slot, text) for text in self._connection.execute(statement, values).scalars()]

    def slots_of(
        self, pipelines: Collection[str], environment: str, *, since: datetime, least: int
    ) -> Mapping[str, Sequence[Slot]]:
        """Return the latest slots of these pipelines, in their order; served by `slots_by_pipeline`."""
        values = {"pipelines": list(pipelines), "environment": environment, "since": since, "least": least}
        found = defaultdict(list)
        for text in self._connection.scalars(_SLOTS_OF, values):
            slot = load(Slot, text)
            found[slot.pipeline].append(slot)
        return {name: sorted(latest, key=lambda slot: slot.due_at) for name, latest in found.items()}

    def save_slots(self, made: Sequence[Slot], *, check_at: Mapping[str, datetime]) -> None:
        """Insert or replace slots; served by the primary key."""
        if made:
            self._replace(
                slots,
                [
                    {
                        "id": slot.id,
                        "pipeline": slot.pipeline,
                        "environment": slot.environment,
                        "due_at": slot.due_at,
                        "resolved": slot.state.resolved,
                        "check_at": check_at.get(slot.id),
                        "data": dump(slot),
                    }
                    for slot in made
                ],
            )

    def due_slots(self, now: datetime, *, limit: int) -> Sequence[Slot]:
        """Return the slots that have to be looked at; served by `slots_to_check`."""
        rows = self._connection.execute(_DUE_SLOTS, {"now": now, "limit": limit}).scalars()
        return [load(Slot, text) for text in rows]
