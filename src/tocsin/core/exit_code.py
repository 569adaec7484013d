"""What the exit code of a command means where a shell gives it meaning."""

from __future__ import annotations

import signal

#: What shells return for a command that cannot be started.
NOT_FOUND, NOT_EXECUTABLE = 127, 126
#: Shells return so much more than the number of the signal that has ended a command.
BY_SIGNAL = 128


def meaning_of(code: int) -> str:
    """Return what shells say by an exit code, in a sentence; empty for a code that is the command's own."""
    if code in {NOT_FOUND, NOT_EXECUTABLE}:
        return "Shells end like this where a command in a script cannot be started."
    if code > BY_SIGNAL:
        return f"Shells end like this where {signal_name(code - BY_SIGNAL)} has ended a command in a script."
    return ""


def signal_name(number: int) -> str:
    """Return "SIGTERM" for 15; a number that this system has no name for gives "signal 99"."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
