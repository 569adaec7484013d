"""The last weeks of a pipeline as a calendar: a field for each day, which looks like the worst run of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import node
from tocsin.core.daily import worst
from tocsin.core.phrases import words_of
from tocsin.core.run import Outcome
from tocsin.report.strip import look_of

WEEKS = 13
_DAY = timedelta(days=1)
#: Pixels: a field, with the gap after it, and the names of the weekdays and months.
_SIZE, _STEP, _LEFT, _TOP = 17, 20, 30, 18
_SIGN = 8
_WEEK = ("Mon", "", "Wed", "", "Fri", "", "Sun")


def first_day(today: date) -> date:
    """Return the Monday with which the calendar begins."""
    return today - timedelta(days=today.weekday(), weeks=WEEKS - 1)


def draw_calendar(
    ended: Mapping[date, Mapping[Outcome, int]], missed: Collection[date], today: date, address: Callable[[date], str]
) -> Element:
    """Return the calendar.

    Args:
        ended: How many runs of each day ended how; days without a run are missing. All by UTC.
        missed: Days on which a run was due and none came.
        today: The last day.
        address: Where the runs of a day are.
    """
    begin = first_day(today)
    days = [begin + timedelta(days=number) for number in range((today - begin).days + 1)]
    drawn = [_field(day, begin, ended.get(day, {}), address, missed=day in missed) for day in days]
    last = next((field for field in reversed(drawn) if field.tag == "a"), None)
    if last is not None:
        last.set("tabindex", "0")
    width, height = _LEFT + WEEKS * _STEP, _TOP + len(_WEEK) * _STEP
    size = {"viewBox": f"0 0 {width} {height}", "width": str(width), "height": str(height)}
    what = {"role": "img"} if last is None else {"role": "group", "data_arrows": ""}
    label = f"Days with runs since {begin:%Y-%m-%d}, by UTC: {len(ended.keys() & set(days))}"
    return node("svg", *_names(begin), *drawn, class_="calendar", **size, **what, aria_label=label)


def _names(begin: date) -> Iterator[Element]:
    for row, name in enumerate(_WEEK):
        if name:
            yield node("text", name, x="0", y=str(_TOP + row * _STEP + 12), aria_hidden="true")
    for week in range(WEEKS):
        monday = begin + timedelta(weeks=week)
        # Beside the first week a month has no room for its name if it ends soon after.
        if monday.day <= 7 or (week == 0 and monday.day <= 21):  # noqa: PLR2004  # days of a week, and of three
            yield node("text", f"{monday:%b}", x=str(_LEFT + week * _STEP), y="11", aria_hidden="true")


def _field(
    day: date,
    begin: date,
    ended: Mapping[Outcome, int],
    address: Callable[[date], str],
    *,
    missed: bool,
) -> Element:
    week, row = divmod((day - begin).days, len(_WEEK))
    x, y = _LEFT + week * _STEP, _TOP + row * _STEP
    often = ", ".join(f"{number:,} {words_of(how)}" for how, number in sorted(ended.items(), key=lambda each: -each[1]))
    look, sign = look_of(worst(ended)) if ended else ("missed", "") if missed else ("no-run", "")
    text = f"{day:%a %Y-%m-%d}: {often or ('due, and nothing began' if missed else 'no run')}"
    field = node("rect", x=str(x), y=str(y), width=str(_SIZE), height=str(_SIZE))
    place = {"x": f"{x + (_SIZE - _SIGN) / 2:g}", "y": f"{y + (_SIZE - _SIGN) / 2:g}"}
    signs = [node("use", href=f"#sign-{sign}", width=str(_SIGN), height=str(_SIGN), **place)] if sign else []
    drawn = node("g", node("title", text), field, *signs, class_=f"{look}-mark")
    if not ended:
        return drawn
    return node("a", drawn, href=address(day), aria_label=text, tabindex="-1")
