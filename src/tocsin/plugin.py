"""dlt's entry point. Loading it is enough: from then on every run of dlt in this process is watched.

dlt before 1.22.1 lets an error in here end the user's program, and every `import` costs each of their programs time.
So this file imports the standard library and what dlt has loaded already, and nothing in it raises.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.cli.dlt_command import TocsinCommand
    from tocsin.cli.dlt_features import TocsinFeatures


def enable() -> None:
    """Watch the runs of dlt in this process; for programs where plugins of dlt are disabled."""
    from tocsin.capture.attach import attach

    attach()


with contextlib.suppress(Exception):
    from pluggy import HookimplMarker

    @HookimplMarker("dlt")(specname="plug_run_context", tryfirst=True)
    def watch_runs() -> None:
        """Attach when dlt looks for its run context, which it does once it is whole and before anything runs."""
        # Older versions of dlt do not know the switch, and load the plugin all the same.
        if os.environ.get("DLT_DISABLE_PLUGINS", "false").lower() == "false":
            with contextlib.suppress(Exception):
                enable()

    @HookimplMarker("dlt")(specname="plug_cli", trylast=True)
    def add_command() -> type[TocsinCommand] | None:
        """Add `tocsin` to the commands of dlt, and of dltHub's workspaces, where `dlt` itself is refused."""
        with contextlib.suppress(Exception):
            from tocsin.cli.dlt_command import TocsinCommand

            return TocsinCommand
        return None

    @HookimplMarker("dlt")(specname="plug_mcp")
    def add_tools(features: set[str]) -> TocsinFeatures | None:
        """Add tools to dlt's server of MCP; versions before 1.23 have no such hook, and never call this."""
        # That of a single pipeline asks for "pipeline" alone, and passes the name of that to every tool.
        if features.isdisjoint({"workspace", "tocsin"}):
            return None
        with contextlib.suppress(Exception):
            from tocsin.cli.dlt_features import tocsin_features

            return tocsin_features()
        return None
