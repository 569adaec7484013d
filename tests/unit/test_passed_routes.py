"""In which words a route is passed over."""

from __future__ import annotations

from tocsin.core.labels import Labels
from tocsin.core.matchers import parse_matcher
from tocsin.core.passed_routes import passed
from tocsin.core.route import LABELS, Route

_FOUND: Labels = {"pipeline": "billing", "severity": "error", "owner": "", "tags": ("money", "daily")}


def _route(name: str, *matchers: str, below: tuple[Route, ...] = (), go_on: bool = False) -> Route:
    return Route(
        name=name,
        matchers=tuple(parse_matcher(text, labels=LABELS) for text in matchers),
        routes=below,
        go_on=go_on,
    )


def _why(*routes: Route) -> dict[str, str]:
    return {one.route.name: one.why for one in passed(_FOUND, routes)}


def test_a_route_that_does_not_match_names_its_conditions() -> None:
    """Every condition that does not hold is said with what was found, one that holds is not."""
    assert _why(_route("r1", "pipeline=billing", "severity=critical", "owner=data", "tags=x")) == {
        "r1": 'severity="critical" is not so (it is error) and owner="data" is not so (it is empty) '
        'and tags="x" is not so (it is money, daily)'
    }


def test_a_route_that_comes_too_late_names_the_first() -> None:
    """What stands below a route that was not asked is not asked for the same reason."""
    first, late = _route("r1"), _route("r2", "severity=info", below=(_route("r2.1"),))

    assert _why(first, late) == {"r2": "r1 comes first and does not go on", "r2.1": "r1 comes first and does not go on"}


def test_a_route_with_one_below_that_matches_is_not_taken_itself() -> None:
    """The route below is named; where none matches it is the route itself that is taken."""
    assert _why(_route("r1", below=(_route("r1.1", "severity=info"), _route("r1.2")))) == {
        "r1": "r1.2 below it is taken in its place",
        "r1.1": 'severity="info" is not so (it is error)',
    }


def test_below_a_route_that_does_not_match_nothing_is_asked() -> None:
    """The route that stops it is named, however deep it stands."""
    said = 'r1 above it did not match: severity="info" is not so (it is error)'

    assert _why(_route("r1", "severity=info", below=(_route("r1.1", below=(_route("r1.1.1"),)),))) == {
        "r1": 'severity="info" is not so (it is error)',
        "r1.1": said,
        "r1.1.1": said,
    }
