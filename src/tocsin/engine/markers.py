"""Files that tell a pipeline's process, without a database, that an alert of its pipeline is open."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tocsin.core.finding import Topic, fingerprint
from tocsin.core.marker import marker_name
from tocsin.engine.engine import Engine


def set_marker(engine: Engine, environment: str, pipeline: str) -> None:
    """Make the marker of a pipeline agree with the store; a makeshift does not know enough for that."""
    if engine.makeshift_for is not None:
        return
    path = _path(engine, environment, pipeline)
    with engine.store.reading() as tx:
        is_open = tx.open_alert(fingerprint(Topic.DELIVERY, environment, pipeline)) is not None
    with contextlib.suppress(OSError):
        # A marker that cannot be written costs a recovery notice its haste and nothing else.
        if is_open:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch()
        else:
            path.unlink(missing_ok=True)


def _path(engine: Engine, environment: str, pipeline: str) -> Path:
    return engine.config.home / "open" / marker_name(environment, pipeline)
