"""Airflow: tasks and DAGs tell how they ended, by `on_failure_callback` and the callbacks beside it."""

from tocsin.integrations.airflow.notifier import TocsinNotifier, callbacks

__all__ = ["TocsinNotifier", "callbacks"]
