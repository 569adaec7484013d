"""Where the page of a thing is."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def of_pipeline(name: str, environment: str, **chosen: str) -> str:
    """Return the address of a pipeline's page, with what is chosen on it."""
    return f"/pipelines/{quote(name, safe='')}?{urlencode({'environment': environment, **chosen})}"


def runs_of(name: str, environment: str, **chosen: str) -> str:
    """Return the address of the list of a pipeline's runs, with what is chosen in it."""
    return f"/pipelines/{quote(name, safe='')}/runs?{urlencode({'environment': environment, **chosen})}"


def of_run(run_id: str) -> str:
    """Return the address of a run's page."""
    return f"/runs/{quote(run_id, safe='')}"


def of_comparison(run_id: str, **chosen: str) -> str:
    """Return the address of the page that compares a run: with another one, or with the last good one before it."""
    query = f"?{urlencode(chosen)}" if chosen else ""
    return f"{of_run(run_id)}/compare{query}"


def of_alert(alert_id: str) -> str:
    """Return the address of an alert's page."""
    return f"/alerts/{quote(alert_id, safe='')}"


def of_check(pipeline: str, name: str, environment: str) -> str:
    """Return the address of a check's page."""
    return f"/checks/{quote(pipeline, safe='')}/{quote(name, safe='')}?{urlencode({'environment': environment})}"


def of_group(group_id: str) -> str:
    """Return the address of the page of a group of problems."""
    return f"/groups/{quote(group_id, safe='')}"


def of_silence(silence_id: str) -> str:
    """Return the address of a silence's page."""
    return f"/silences/{quote(silence_id, safe='')}"


def silence_again(silence_id: str) -> str:
    """Return the address of the form that makes the same silence once more."""
    return f"/silences/new?{urlencode({'silence': silence_id})}"


def new_silence(alert_id: str) -> str:
    """Return the address of the form that silences an alert."""
    return f"/silences/new?{urlencode({'alert': alert_id})}"
