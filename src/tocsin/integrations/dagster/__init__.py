"""Dagster: what dlt's runs do not tell by themselves.

A dlt pipeline in an asset or op needs nothing of this: its runs are watched, with a link to the run in Dagster. The
hook tells of the other ops and assets, and the sensors tell of all that nobody in the process could tell.
"""

from tocsin.integrations.dagster.hook import tocsin_on_failure
from tocsin.integrations.dagster.sensors import tocsin_sensors

__all__ = ["tocsin_on_failure", "tocsin_sensors"]
