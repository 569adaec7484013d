"""Puts Tocsin into dlt, once a process: cheap, because most of it is imported at the first run only."""

from __future__ import annotations

import importlib
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tocsin.capture.guards import ProcessEnd, is_tool
from tocsin.capture.quiet import quiet

if TYPE_CHECKING:
    from tocsin.capture.tracker import Tracker


#: As near to the start of the program as we were there.
_IMPORTED_AT = datetime.now(UTC)


class Callbacks:
    """What dlt calls, as a module in its list of tracking modules.

    dlt logs an error of a tracking module and goes on, but it does not guard against the import of ours failing.
    """

    def on_start_trace(self, *args: Any) -> None:  # noqa: ANN401  # passed on as it is
        """Pass on: a run begins."""
        _tell("on_start_trace", *args)

    def on_start_trace_step(self, *args: Any) -> None:  # noqa: ANN401
        """Pass on: a step begins."""
        _tell("on_start_trace_step", *args)

    def on_end_trace_step(self, *args: Any) -> None:  # noqa: ANN401
        """Pass on: a step ends."""
        _tell("on_end_trace_step", *args)

    def on_end_trace(self, *args: Any) -> None:  # noqa: ANN401
        """Pass on: a run ends."""
        _tell("on_end_trace", *args)


CALLBACKS = Callbacks()


@quiet
def attach() -> None:
    """Make dlt tell us of its runs; calling it again changes nothing."""
    # `dlt.pipeline` is a function that hides the package of the same name.
    pipelines = importlib.import_module("dlt.pipeline.pipeline")
    if getattr(pipelines.start_trace, "watched_by_tocsin", False):
        return
    _watch_traces(pipelines)
    _watch_untraced()
    _offer_nothing()
    if not is_tool():
        ProcessEnd(failed=_failed, ended=_ended).watch()


def _watch_traces(pipelines: Any) -> None:  # noqa: ANN401  # dlt's module
    """Join the tracking modules, and look at each start of a trace that we are still among them.

    Users replace the list: dlt's documentation shows it as the place to plug their own tracking in.
    """
    trace = importlib.import_module("dlt.pipeline.trace")
    start = pipelines.start_trace

    def start_trace(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # dlt's function as it is
        _join(trace)
        return start(*args, **kwargs)

    start_trace.watched_by_tocsin = True  # type: ignore[attr-defined]  # functions carry attributes
    pipelines.start_trace = start_trace
    _join(trace)


@quiet
def _join(trace: Any) -> None:  # noqa: ANN401  # dlt's module
    if trace.TRACKING_MODULES is not None and CALLBACKS not in trace.TRACKING_MODULES:
        trace.TRACKING_MODULES = [*trace.TRACKING_MODULES, CALLBACKS]


def _watch_untraced() -> None:
    """Look at each pipeline that becomes active: with `enable_runtime_trace = false` dlt tells nobody of its runs."""
    contexts = importlib.import_module("dlt.common.pipeline").PipelineContext
    activate = contexts.activate

    def activate_watched(self: Any, pipeline: Any) -> None:  # noqa: ANN401  # dlt's method as it is
        _watch_if_untraced(pipeline)
        activate(self, pipeline)

    contexts.activate = activate_watched


@quiet
def _watch_if_untraced(pipeline: Any) -> None:  # noqa: ANN401  # dlt's Pipeline
    if not pipeline.config.enable_runtime_trace:
        from tocsin.capture.untraced import watch

        watch(pipeline, CALLBACKS)


@quiet
def _offer_nothing() -> None:
    """Take us off the packages in which dlt looks for destinations; its error messages list each of them."""
    plugins = importlib.import_module("dlt.common.configuration.plugins").PluginContext
    container = importlib.import_module("dlt.common.configuration.container").Container()
    # Older versions keep no such list.
    modules = getattr(container[plugins], "plugin_modules", [])
    if "tocsin" in modules:
        modules.remove("tocsin")


def _tracker() -> Tracker:
    from tocsin.capture.tracker import tracker

    return tracker()


def _tell(callback: str, *args: Any) -> None:  # noqa: ANN401  # passed on as it is
    tracker = quiet(_tracker)()
    if tracker is not None:
        getattr(tracker, callback)(*args)


@quiet
def _failed(error: BaseException) -> None:
    _tracker().process_failed(error, since=_IMPORTED_AT)


@quiet
def _ended() -> None:
    # Nothing has run yet if nobody has asked for the tracker.
    if "tocsin.capture.tracker" in sys.modules:
        _tracker().process_ended()
