"""What commands do that go on until they are told to end."""

from __future__ import annotations

import os
import signal
import sys

import click


def print_line(line: str) -> None:
    """Print a line, and go on where nobody reads it."""
    try:
        click.echo(line)
    except OSError:
        # Nobody reads on, or the disk is full. That is no reason to work no more, and Python would complain of what is
        # left in the buffer at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def start_again() -> None:
    """Become a new process with the same number: dlt reads its files once a process."""
    # One that comes before the new process listens must not end it.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # our own command line
