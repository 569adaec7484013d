"""Sensors tell of what nobody in the process of a step could tell: it died, never began, or has no hook."""

from __future__ import annotations

from dagster import DagsterRunStatus, DefaultSensorStatus, RunStatusSensorContext, SensorDefinition, run_status_sensor

from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.integrations.dagster.ends import ends_of

_NAMES = {
    DagsterRunStatus.FAILURE: "tocsin_on_run_failure",
    DagsterRunStatus.CANCELED: "tocsin_on_run_canceled",
    DagsterRunStatus.SUCCESS: "tocsin_on_run_success",
}


def tocsin_sensors(*, default_status: DefaultSensorStatus = DefaultSensorStatus.RUNNING) -> list[SensorDefinition]:
    """Return the sensors for `Definitions(sensors=…)`: of runs that failed, were canceled, and went well.

    The last one ends alerts, and gives steps without a hook their history. What a process has told by itself is not
    told again.

    Args:
        default_status: Whether they run before anybody switches them on.
    """
    return [
        run_status_sensor(run_status=status, name=name, default_status=default_status)(_tell)
        for status, name in _NAMES.items()
    ]


@quiet
def _tell(context: RunStatusSensorContext) -> None:
    recorder().told(ends_of(context))
