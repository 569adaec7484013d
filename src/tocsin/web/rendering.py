"""From facts to pages: the templates, and what they know of times, looks and drawings.

Whatever a pipeline said is escaped by Jinja and, before that, cleaned of what hides or reorders text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from xml.etree.ElementTree import Element, tostring

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import tocsin
from tocsin.channels.formats.literal import SIGNS, clean, cut, one_line
from tocsin.core.message import Tone
from tocsin.core.phrases import ago, minute, stamp
from tocsin.core.words import amount, count, duration
from tocsin.report.pieces import CLASSES
from tocsin.report.strip import signs
from tocsin.web.access import Actor
from tocsin.web.assets import address
from tocsin.web.navigation import KEYS, NAVIGATION

#: Characters of a text from outside in a line of a list.
_LINE = 300
#: The sign in the browser's tab.
ICONS = {
    Tone.CRITICAL: "favicon-bad.svg",
    Tone.ERROR: "favicon-bad.svg",
    Tone.WARNING: "favicon-warning.svg",
    Tone.INFO: "favicon-good.svg",
    Tone.GOOD: "favicon-good.svg",
    Tone.ACKNOWLEDGED: "favicon-warning.svg",
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the frame around each page shows."""

    #: For the tab and for who hears the page.
    title: str
    #: The path of the entry in the navigation to which it belongs.
    here: str
    now: datetime
    #: Its own address, with all that was chosen in it.
    url: str
    #: Who looks; None where nobody has logged in.
    actor: Actor | None
    #: Whether they may acknowledge, silence and so on.
    may_act: bool = False
    #: The worst that it shows, for the sign in the tab.
    tone: Tone = Tone.GOOD
    #: It fetches itself anew now and then.
    live: bool = True
    #: Something runs, so it does that more often.
    running: bool = False

    @property
    def icon(self) -> str:
        """The file of the sign in the tab."""
        return ICONS[self.tone]


def render(template: str, page: Page, *, status: int = 200, **facts: object) -> HTMLResponse:
    """Return a page.

    Args:
        template: The file in `templates/`.
        page: What the frame shows.
        status: Of the answer.
        facts: What the template calls by these names.
    """
    text = _templates().get_template(template).render(page=page, now=page.now, **facts)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-cache"})


def drawn(element: Element | None) -> Markup:
    """Return a drawing as markup; texts in it are cleaned here and escaped as they are written."""
    if element is None:
        return Markup("")
    for each in element.iter():
        each.text, each.tail = clean(each.text or ""), clean(each.tail or "")
        each.attrib.update({name: clean(value) for name, value in each.attrib.items()})
    return Markup(tostring(element, encoding="unicode", method="html"))  # noqa: S704  # escaped by its writer


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("tocsin.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    made.filters |= {
        "iso": lambda at: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "stamp": stamp,
        "written": _written,
        "ago": ago,
        "line": lambda text: cut(one_line(text), _LINE),
        "look": CLASSES.__getitem__,
        "sign": SIGNS.__getitem__,
        "count": count,
        "amount": amount,
        "duration": duration,
        "drawn": drawn,
        "cut": cut,
        "short": lambda long_id: long_id[:8],
    }
    made.globals |= {
        "static": address,
        "navigation": NAVIGATION,
        "keys": KEYS,
        "version": tocsin.__version__,
        "signs": drawn(signs()),
    }
    return made


def _cleaned(value: object) -> object:
    """Take out of every text that is printed what hides or reorders it."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _written(at: datetime, length: str) -> str:
    """Return a moment as it stands in the page until the script has moved it to the zone that was chosen."""
    if length == "seconds":
        return f"{stamp(at)} UTC"
    return minute(at) if length == "bare" else f"{minute(at)} UTC"
