"""What each page begins with: who asks, when, and under which address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from tocsin.core.access import Scope
from tocsin.core.message import Tone
from tocsin.engine.engine import Engine
from tocsin.web.access import Actor, requires
from tocsin.web.api.seen import environment_for
from tocsin.web.rendering import Page
from tocsin.web.server import OpenEngine


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """A request for a page, by somebody who may see it."""

    engine: Engine
    actor: Actor
    now: datetime
    #: The path with the query: what was chosen on the page stands in it.
    url: str

    def environment(self, asked: str = "") -> str | None:
        """Return the environment that a list is about, None for all of them; `asked` is what was chosen on the page.

        Raises:
            Problem: 403, who asks may not see it.
        """
        return environment_for(self.actor, asked or None)

    def page(self, title: str, here: str, *, tone: Tone = Tone.GOOD, live: bool = True, running: bool = False) -> Page:
        """Return the frame of the page: see `Page`."""
        return Page(
            title=title,
            here=here,
            now=self.now,
            url=self.url,
            actor=self.actor,
            may_act=Scope.ACT in self.actor.scopes,
            tone=tone,
            live=live,
            running=running,
        )


def _frame_of(request: Request, engine: OpenEngine, actor: Annotated[Actor, requires(Scope.READ)]) -> PageRequest:
    url = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return PageRequest(engine=engine, actor=actor, now=engine.clock(), url=url)


#: The parameter of each page: `def overview(frame: Frame) -> Response`.
Frame = Annotated[PageRequest, Depends(_frame_of)]
