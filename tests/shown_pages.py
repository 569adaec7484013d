"""Every page of the server, with an address that shows something."""

from __future__ import annotations

from urllib.parse import quote

from fastapi.routing import APIRoute

from recorded_runs import HOSTILE
from tocsin.web.pages import PAGES
from watched_shop import Shop

#: Paths of routes by the name of what is shown there. `{alert}` and the like are filled in.
ADDRESSES = {
    "overview": "/",
    "overview-late": "/?show=late",
    "alerts": "/alerts",
    "alerts-muted": "/alerts?state=muted",
    "alerts-resolved": "/alerts?state=resolved",
    "alert": "/alerts/{alert}",
    "alert-over": "/alerts/{over}",
    "alert-silenced": "/alerts/{silenced}",
    "group": "/groups/{group}",
    "link": "{link}",
    "silences": "/silences",
    "silence": "/silences/{silence}",
    "silence-new": "/silences/new?alert={alert}",
    "channels": "/channels",
    "routes": "/channels/routes?pipeline=billing",
    "pipeline": "/pipelines/orders",
    "pipeline-hostile": "/pipelines/{hostile}",
    "pipeline-runs": "/pipelines/billing/runs",
    "run": "/runs/bill2",
    "run-good": "/runs/{good}",
    "run-endless": "/runs/loud1",
    "run-running": "/runs/search-run",
    "run-stuck": "/runs/maps-run",
    "compare": "/runs/{good}/compare",
    "checks": "/checks",
    "check": "/checks/orders/has_customer",
    "rules": "/rules",
    "system": "/system",
    "login": "/login",
    "missing": "/runs/unknown",
    "help": "/help",
}


def addresses(shop: Shop) -> dict[str, str]:
    """Return the addresses of all pages of a filled shop."""
    with shop.store.reading() as tx:
        silence, group = tx.silences(shop.now)[0].id, tx.find_groups("")[0].id
        good = tx.runs(pipeline="orders", limit=1)[0].id
    ids = {
        "alert": shop.alert_of("billing"),
        "over": shop.alert_of("mail"),
        "silenced": shop.alert_of("ads"),
        "hostile": quote(HOSTILE, safe=""),
        "link": shop.link_of("billing", "Acknowledge"),
        "good": good,
        "group": group,
        "silence": silence,
    }
    return {name: path.format(**ids) for name, path in ADDRESSES.items()}


def routes() -> set[str]:
    """Return the paths of all routes that show pages: "/runs/{run_id}"."""
    return {route.path for route in _all() if "GET" in (route.methods or ())}


def route_of(path: str) -> str:
    """Return the path of the route that shows what is there; empty if none of the pages does."""
    return next((route.path for route in _all() if "GET" in (route.methods or ()) and route.path_regex.match(path)), "")


def _all() -> list[APIRoute]:
    return [route for router in PAGES for route in router.routes if isinstance(route, APIRoute)]
