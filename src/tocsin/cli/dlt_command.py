"""`dlt tocsin`, for dlt's own command line. dlt asks for it whatever is typed, so nothing is imported before it is."""

from __future__ import annotations

import argparse
import sys


class TocsinCommand:
    """Hands the words after `dlt tocsin` to the command line as they were typed.

    What dlt expects of such a class is its protocol `SupportsCliCommand`; versions before 1.31 know fewer attributes.
    """

    command = "tocsin"
    help_string = "Tells which pipelines break, run late, hang or never start, and why."
    description = None
    #: dlt names it after errors of its commands; ours say themselves what to type.
    docs_url = None
    parent = None
    compose = "replace"

    def configure_parser(self, parser: argparse.ArgumentParser) -> None:
        """Let every word pass, `--help` too."""
        self._name = parser.prog
        parser.prefix_chars = ""
        parser.add_argument("words", nargs=argparse.REMAINDER)

    def execute(self, args: argparse.Namespace) -> None:  # noqa: ARG002  # dlt's signature
        """Run what was typed; the process ends with its exit code."""
        from tocsin.cli.main import main

        # Not what argparse has left over: dlt takes flags of its own, such as --debug, from wherever they stand.
        main(sys.argv[sys.argv.index(self.command, 1) + 1 :], name=self._name)
