"""Where the page of a thing is."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

#: A pipeline may call itself what no address can hold. That must not keep the pages from showing it.
_ERRORS = "backslashreplace"


def query(chosen: Mapping[str, str | None]) -> str:
    """Return what follows a path: "?name=value&…", or nothing where nothing is chosen."""
    given = {name: value for name, value in chosen.items() if value}
    return f"?{urlencode(given, errors=_ERRORS)}" if given else ""


def of_pipeline(name: str, environment: str, **chosen: str) -> str:
    """Return the address of a pipeline's page, with what is chosen on it."""
    return f"/pipelines/{_part(name)}{query({'environment': environment, **chosen})}"


def runs_of(name: str, environment: str, **chosen: str) -> str:
    """Return the address of the list of a pipeline's runs, with what is chosen in it."""
    return f"/pipelines/{_part(name)}/runs{query({'environment': environment, **chosen})}"


def of_run(run_id: str) -> str:
    """Return the address of a run's page."""
    return f"/runs/{_part(run_id)}"


def of_comparison(run_id: str, **chosen: str) -> str:
    """Return the address of the page that compares a run: with another one, or with the last good one before it."""
    return f"{of_run(run_id)}/compare{query(chosen)}"


def of_alert(alert_id: str) -> str:
    """Return the address of an alert's page."""
    return f"/alerts/{_part(alert_id)}"


def of_check(pipeline: str, name: str, environment: str) -> str:
    """Return the address of a check's page."""
    return f"/checks/{_part(pipeline)}/{_part(name)}{query({'environment': environment})}"


def of_group(group_id: str) -> str:
    """Return the address of the page of a group of problems."""
    return f"/groups/{_part(group_id)}"


def of_silence(silence_id: str) -> str:
    """Return the address of a silence's page."""
    return f"/silences/{_part(silence_id)}"


def silence_again(silence_id: str) -> str:
    """Return the address of the form that makes the same silence once more."""
    return f"/silences/new{query({'silence': silence_id})}"


def new_silence(alert_id: str) -> str:
    """Return the address of the form that silences an alert."""
    return f"/silences/new{query({'alert': alert_id})}"


def _part(name: str) -> str:
    return quote(name, safe="", errors=_ERRORS)
