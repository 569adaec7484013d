"""What a pipeline waits for, and what waits for it: how those near it are, as a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from tocsin.core.alert import Alert
from tocsin.core.attribution import Start
from tocsin.core.dependency import Graph, around, with_learned
from tocsin.core.finding import Topic, fingerprint
from tocsin.core.message import Tone
from tocsin.core.phrases import kind, tone_of, tone_of_alert, words_of
from tocsin.engine.engine import Engine
from tocsin.engine.order import order_above, order_below
from tocsin.report.graph import Box, draw_graph
from tocsin.store.protocol import Transaction
from tocsin.web.pages.addresses import of_pipeline

#: Steps to each side, pipelines of one step that are looked at, and those of them that are drawn.
_STEPS, _LOOKED_AT, _DRAWN = 2, 40, 6


@dataclass(frozen=True, kw_only=True)
class Order:
    """Where a pipeline stands among others."""

    drawn: Element
    #: What of it nobody wrote down, in sentences.
    learned: Sequence[str]


def read_order(engine: Engine, tx: Transaction, pipeline: str, environment: str) -> Order | None:
    """Return where a pipeline stands; None where it waits for nothing and nothing waits for it."""
    graph = order_above(engine, tx, [pipeline], environment)
    graph = with_learned(graph, order_below(engine, tx, pipeline, environment).learned.values())
    off = around(pipeline, graph, steps=_STEPS)
    if len(off) == 1:
        return None
    columns = {step: [name for name in off if off[name] == step] for step in sorted(set(off.values()))}
    looked_at = [name for names in columns.values() for name in names[:_LOOKED_AT]]
    alerts = tx.open_alerts([fingerprint(Topic.DELIVERY, environment, name) for name in looked_at])
    troubled = {alert.subject: alert for alert in alerts.values()}
    starts = tx.recent_starts([(name, environment) for name in looked_at], each=1)
    last = {name: found[0] for (name, _), found in starts.items()}
    boxes = [box for step, names in columns.items() for box in _column(step, names, troubled, last, environment)]
    shown = {box.name for box in boxes}
    edges = [(above, below, (below, above) in graph.learned) for below, ups in graph.upstreams.items() for above in ups]
    return Order(drawn=draw_graph(boxes, edges), learned=_learned(graph, shown))


def _column(
    step: int, names: Sequence[str], troubled: Mapping[str, Alert], last: Mapping[str, Start], environment: str
) -> list[Box]:
    """Return the boxes of one step; those in trouble come first where not all of them are drawn."""
    first = sorted(names[:_LOOKED_AT], key=lambda name: (name not in troubled, name))[:_DRAWN]
    boxes = []
    for name in first:
        state, tone = _state(troubled.get(name), last.get(name))
        url = of_pipeline(name, environment) if step else ""
        boxes.append(Box(name=name, state=state, tone=tone, url=url, step=step))
    more = len(names) - len(first)
    return [*boxes, Box(name=f"+{more:,} more", step=step)] if more else boxes


def _state(alert: Alert | None, start: Start | None) -> tuple[str, Tone]:
    if alert is not None:
        return kind(alert), tone_of_alert(alert)
    return (words_of(start.outcome), tone_of(start.outcome)) if start is not None else ("never ran", Tone.INFO)


def _learned(graph: Graph, shown: set[str]) -> list[str]:
    return [f"{one}." for one in graph.learned.values() if {one.upstream, one.downstream} <= shown]
