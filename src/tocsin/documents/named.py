"""What somebody means by a name or the beginning of an id."""

from __future__ import annotations

from tocsin.core.alert import Alert
from tocsin.core.phrases import pipeline, subject
from tocsin.core.run import Run
from tocsin.core.words import listing
from tocsin.errors import NotFound
from tocsin.store.protocol import Transaction


def find_named(tx: Transaction, name: str) -> tuple[Alert | None, Run | None]:
    """Return the open alert and the latest run of a pipeline, or the one alert or run whose id begins with `name`.

    Raises:
        NotFound: Nothing, or more than one, is meant; the message lists what there is.
    """
    alert = next(iter(tx.alerts(open_only=True, subject=name, limit=1)), None)
    of_pipeline = tx.runs(pipeline=name, environment=alert.environment if alert else None, limit=1)
    if alert is not None or of_pipeline:
        return alert, next(iter(of_pipeline), None)
    alerts, runs = tx.find_alerts(name), tx.find_runs(name)
    if len(alerts) + len(runs) == 1:
        return next(iter(alerts), None), next(iter(runs), None)
    if alerts or runs:
        fitting = [f"alert {alert.id[:8]} ({subject(alert)})" for alert in alerts]
        fitting += [f"run {run.id[:8]} ({pipeline(run.pipeline, run.environment)})" for run in runs]
        raise NotFound(f"{name!r} fits {listing(fitting, most=5)}; give more of the id")
    known = listing(sorted({run.pipeline for run in tx.latest_runs()}), most=5) or "none yet"
    raise NotFound(
        f"no pipeline is called {name!r}, and no run or alert has an id that begins so; pipelines: {known}. "
        "Ids: tocsin runs, tocsin alerts --all"
    )
