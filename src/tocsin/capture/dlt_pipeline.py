"""What a pipeline object of dlt tells about itself. Whatever cannot be read is left out."""

from __future__ import annotations

import importlib
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, TypedDict

from tocsin.capture.quiet import quiet

if TYPE_CHECKING:
    from dlt import Pipeline


class Target(TypedDict):
    """Where a pipeline loads to, as fields of a Run."""

    destination: str | None
    dataset: str | None


def target(pipeline: Pipeline | None) -> Target:
    """Return destination and dataset; `run()` may set both as late as it likes."""
    destination = getattr(pipeline, "destination", None)
    return Target(
        destination=getattr(destination, "destination_name", None),
        dataset=getattr(pipeline, "dataset_name", None),
    )


@quiet
def pending_packages(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the load ids that wait on the disk of the pipeline."""
    return (*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages())


def command_to_give_up(pipeline: Pipeline | None) -> str:
    """Return dlt's command that removes pending packages, as it is called in this version of dlt."""
    return "abort-packages" if hasattr(pipeline, "abort_packages") else "drop-pending-packages"


@quiet
def active_pipeline() -> Pipeline | None:
    """Return the pipeline that is active in this thread, without making one."""
    container = importlib.import_module("dlt.common.configuration.container").Container()
    context = container[importlib.import_module("dlt.common.pipeline").PipelineContext]
    pipeline: Pipeline | None = context.pipeline() if context.is_active() else None
    return pipeline


def script_name() -> str:
    """Return what to call a program that failed before it had a pipeline."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return PurePath(main).stem if main else "python"
