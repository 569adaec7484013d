"""What systemd wants to hear of a service of `Type=notify`: see sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket


def notify_systemd(state: str) -> None:
    """Say "READY=1", "STOPPING=1" or "WATCHDOG=1"; nothing is done where systemd has not started this process."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    # Linux has a namespace of sockets without files, whose names begin with a zero byte.
    path = f"\0{address[1:]}" if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        # A watchdog that hears nothing is better served by a restart than by a process that waits here.
        notifier.settimeout(0)
        notifier.sendto(state.encode(), path)
