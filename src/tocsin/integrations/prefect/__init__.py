"""Prefect: state hooks that tell how flows and tasks ended.

A dlt pipeline in a flow or task needs nothing of this: its runs are watched, with a link to the run in Prefect. The
hooks tell of all other flows and tasks, of flows whose process died, and of tasks that were not started.
"""

from tocsin.integrations.prefect.hooks import flow_hooks, task_hooks, tocsin_flow_ended, tocsin_task_ended

__all__ = ["flow_hooks", "task_hooks", "tocsin_flow_ended", "tocsin_task_ended"]
