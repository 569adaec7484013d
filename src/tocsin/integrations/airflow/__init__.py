"""Airflow: tasks and DAGs tell how they ended, by `on_failure_callback` and the callbacks beside it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.integrations.airflow.notifier import TocsinNotifier, callbacks

__all__ = ["TocsinNotifier", "callbacks"]


def __getattr__(name: str) -> object:
    # The notifier is a class of Airflow's; what it reports needs no Airflow.
    if name in __all__:
        return getattr(importlib.import_module("tocsin.integrations.airflow.notifier"), name)
    raise AttributeError(f"tocsin.integrations.airflow has no {name!r}; it has: {', '.join(__all__)}")
