"""Who asks, and what they may: `requires(Scope.READ)` in front of a route lets nobody else in."""

from tocsin.web.access.access import Access
from tocsin.web.access.actor import Actor, Means
from tocsin.web.access.requires import requires

__all__ = ["Access", "Actor", "Means", "requires"]
