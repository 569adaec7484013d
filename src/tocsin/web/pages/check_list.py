"""`/checks`: what is asked of the data, and which answers are wrong?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from xml.etree.ElementTree import Element

from fastapi import APIRouter, Query, Response

from tocsin.core.check import CheckHistory, CheckPlace
from tocsin.core.check_words import question_of
from tocsin.core.message import Tone
from tocsin.core.phrases import pipeline
from tocsin.core.words import count
from tocsin.report.check_results import answer, draw_results, tone_of_result
from tocsin.store.protocol import Transaction
from tocsin.web.api.paging import Cursor, no_cursor, pack, unpack
from tocsin.web.pages.addresses import of_check, of_pipeline, query
from tocsin.web.pages.frame import Frame
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Checks of one page, and results of each that are drawn.
_ROWS, _RESULTS = 50, 12
#: How a check looks by how bad its last result is.
_TONES = (Tone.GOOD, Tone.INFO, Tone.WARNING, Tone.ERROR, Tone.CRITICAL)
_Text = Annotated[str, Query(max_length=200)]
FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One check in the list."""

    name: str
    url: str
    question: str
    pipeline: str
    pipeline_url: str
    table: str
    strip: Element
    answer: str
    tone: Tone
    asked_at: datetime
    owner: str


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What the page shows."""

    verdict: str
    tone: Tone
    rows: Sequence[Row]
    #: All checks, whatever the filter.
    total: int
    #: Where the next rows are; empty at the end.
    older: str


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was chosen in the address."""

    search: str = ""
    failing: bool = False
    environment: str | None = None
    cursor: str | None = None

    def url(self, **changes: str) -> str:
        """Return the address of the page with this choice."""
        show = FAILING if self.failing else ""
        given = {"q": self.search, "show": show, "environment": self.environment, **changes}
        return f"/checks{query(given)}"


@router.get("/checks")
def checks(
    frame: Frame,
    *,
    q: _Text = "",
    show: Annotated[str, Query(max_length=20)] = "",
    environment: _Text = "",
    cursor: Cursor = None,
) -> Response:
    """Show all checks, those that fail first."""
    here = frame.environment(environment)
    chosen = Chosen(search=q.strip(), failing=show == FAILING, environment=here, cursor=cursor)
    with frame.engine.store.reading() as tx:
        view = read_checks(tx, chosen)
    page = frame.page(view.verdict, "/checks", tone=view.tone)
    return render("checks.html", page, view=view, chosen=chosen, configured=len(frame.engine.config.checks))


def read_checks(tx: Transaction, chosen: Chosen) -> Checks:
    """Return what the page shows."""
    here = chosen.environment
    found = tx.checks_worst_first(
        environment=here,
        search=chosen.search,
        failing=chosen.failing,
        after=_place_of(chosen.cursor),
        limit=_ROWS + 1,
    )
    shown, numbers = found[:_ROWS], tx.count_checks(environment=here)
    return Checks(
        verdict=_verdict(numbers),
        tone=_TONES[max((trouble for trouble, number in numbers.items() if number), default=0)],
        rows=[_row(one) for one in shown if one.results],
        total=sum(numbers.values()),
        older=chosen.url(cursor=pack(list(shown[-1].place))) if len(found) > _ROWS else "",
    )


def _verdict(numbers: Mapping[int, int]) -> str:
    total = sum(numbers.values())
    failing = total - numbers.get(0, 0)
    if failing:
        return f"{failing:,} of {count(total, 'check')} {'does' if failing == 1 else 'do'} not pass"
    return f"{count(total, 'check')}, all pass" if total else "No check has been asked yet"


def _row(history: CheckHistory) -> Row:
    last = history.results[0]
    return Row(
        name=history.check,
        url=of_check(history.pipeline, history.check, history.environment),
        question=question_of(last.check),
        pipeline=pipeline(history.pipeline, history.environment),
        pipeline_url=of_pipeline(history.pipeline, history.environment),
        table=last.check.table,
        strip=draw_results(history.results[:_RESULTS]),
        answer=answer(last),
        tone=tone_of_result(last),
        asked_at=last.at,
        owner=last.check.owner,
    )


def _place_of(cursor: str | None) -> CheckPlace | None:
    match unpack(cursor):
        case None:
            return None
        case [int(rank), str(check), str(name), str(environment)]:
            return CheckPlace(rank, check, name, environment)
    raise no_cursor()
