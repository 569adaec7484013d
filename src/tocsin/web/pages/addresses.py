"""Where the page of a thing is."""

from __future__ import annotations

from urllib.parse import quote, urlencode


def of_pipeline(name: str, environment: str, **chosen: str) -> str:
    """Return the address of a pipeline's page, with what is chosen on it."""
    return f"/pipelines/{quote(name, safe='')}?{urlencode({'environment': environment, **chosen})}"


def of_run(run_id: str) -> str:
    """Return the address of a run's page."""
    return f"/runs/{quote(run_id, safe='')}"


def of_alert(alert_id: str) -> str:
    """Return the address of an alert's page."""
    return f"/alerts/{quote(alert_id, safe='')}"


def of_check(pipeline: str, name: str, environment: str) -> str:
    """Return the address of a check's page."""
    return f"/checks/{quote(pipeline, safe='')}/{quote(name, safe='')}?{urlencode({'environment': environment})}"


def of_group(group_id: str) -> str:
    """Return the address of the page of a group of problems."""
    return f"/groups/{quote(group_id, safe='')}"


def new_silence(alert_id: str) -> str:
    """Return the address of the form that silences an alert."""
    return f"/silences/new?{urlencode({'alert': alert_id})}"
