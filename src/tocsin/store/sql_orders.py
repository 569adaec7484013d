"""The order of pipelines that was learned, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, delete, select

from tocsin.core.learned_order import LearnedOrder
from tocsin.store.sql_rows import Rows, dump, load
from tocsin.store.tables import learned_orders

_HERE = select(learned_orders.c.data).where(learned_orders.c.environment == bindparam("environment"))
_UPSTREAMS = learned_orders.c.upstream.in_(bindparam("upstreams", expanding=True))
_DOWNSTREAMS = learned_orders.c.downstream.in_(bindparam("downstreams", expanding=True))
_FORGET = delete(learned_orders).where(
    learned_orders.c.environment == bindparam("environment"), learned_orders.c.downstream == bindparam("downstream")
)


class Orders(Rows):
    """The part of a transaction that is about the order of pipelines."""

    def learned_orders(
        self, environment: str, *, upstreams: Collection[str] | None = None, downstreams: Collection[str] | None = None
    ) -> Sequence[LearnedOrder]:
        """Return what was learned of these pipelines; served by `learned_orders_by_upstream` or the primary key."""
        given = ((_UPSTREAMS, "upstreams", upstreams), (_DOWNSTREAMS, "downstreams", downstreams))
        asked = [(condition, name, list(names)) for condition, name, names in given if names is not None]
        statement = _HERE.where(*(condition for condition, _, _ in asked))
        values = {"environment": environment, **{name: names for _, name, names in asked}}
        found = [load(LearnedOrder, text) for text in self._connection.scalars(statement, values)]
        # Few are found; asked for this order, SQLite would read all of the environment through the primary key.
        return sorted(found, key=lambda one: (one.downstream, one.upstream))

    def save_learned_orders(self, downstream: str, environment: str, orders: Sequence[LearnedOrder]) -> None:
        """Replace all that was learned about what a pipeline begins after; served by the primary key."""
        self._write(_FORGET, {"environment": environment, "downstream": downstream})
        if orders:
            self._replace(
                learned_orders,
                [
                    {"environment": environment, "downstream": downstream, "upstream": one.upstream, "data": dump(one)}
                    for one in orders
                ],
            )
