"""A pipeline of dlt that somebody else has run, to ask its destination."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from dlt import Pipeline


@contextmanager
def attached(name: str, *, destination: str | None = None, dataset: str | None = None) -> Iterator[Pipeline]:
    """Return the pipeline that ran on this machine or, where a destination is named, what it has left there.

    Credentials come from dlt's configuration; those that a script passes in code are not known here.

    Args:
        name: Name of the pipeline.
        destination: dlt's name of a destination; None for the one that the pipeline used on this machine.
        dataset: Name of the dataset. Default: dlt's own.

    Raises:
        ConfigError: The pipeline is not known here and no destination is named, or dlt cannot attach to it.
    """
    try:
        import dlt
    except ImportError as error:
        raise ConfigError("dlt is not installed here, which knows the destination: pip install dlt") from error
    # `dlt.pipeline` is a function that hides the package of the same name.
    not_restored = importlib.import_module("dlt.pipeline.exceptions").CannotRestorePipelineException
    where: dict[str, Any] = {"destination": destination, "dataset_name": dataset}
    try:
        if destination is None:
            yield dlt.attach(pipeline_name=name)
            return
        # In a folder of its own: what a pipeline keeps on this machine stays as it is.
        with TemporaryDirectory(prefix="tocsin-") as folder:
            pipeline = dlt.pipeline(name, pipelines_dir=folder, **where)
            pipeline.sync_destination()
            yield pipeline
    except not_restored as error:
        raise ConfigError(
            f"pipeline {name!r} has not run on this machine as this user: say where its data are with "
            "--destination NAME --dataset NAME"
        ) from error
