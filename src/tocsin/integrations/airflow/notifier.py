"""What Airflow calls when a task or a run of a DAG has ended."""

from __future__ import annotations

import asyncio
from typing import Any

from tocsin.integrations.airflow.dag_end import tell_dag
from tocsin.integrations.airflow.task_end import tell_task

try:
    from airflow.sdk.bases.notifier import BaseNotifier
except ImportError:
    # Airflow 2.
    from airflow.notifications.basenotifier import BaseNotifier


class TocsinNotifier(BaseNotifier):
    """Tells Tocsin how a task or a run of a DAG ended. It takes no arguments: who hears of it is said by the routes.

    The same notifier serves all callbacks of tasks and of DAGs. It never raises, and waits at most the configured
    budget. What the plugin inside a task has told of the same failure is not told again.
    """

    def notify(self, context: Any) -> None:  # noqa: ANN401  # Airflow's mapping, which differs by version
        """Report the end that this context is about."""
        # Airflow gives a reason to the callbacks of DAGs, and to no others.
        (tell_dag if "reason" in context else tell_task)(context)

    async def async_notify(self, context: Any) -> None:  # noqa: ANN401  # as above
        """Report it without holding up the event loop."""
        await asyncio.to_thread(self.notify, context)


def callbacks() -> dict[str, Any]:
    """Return all callbacks of a task, for `default_args`: what failed is told, and what went well ends its alert."""
    names = ("on_failure_callback", "on_retry_callback", "on_skipped_callback", "on_success_callback")
    return dict.fromkeys(names, TocsinNotifier())
