"""`tocsin` without the second that its imports take: each command is forked from a process that has done them.

    python warm_tocsin.py SOCKET          the process that has
    python warm_tocsin.py SOCKET WORD…    types a command

Standard streams, folder, environment and exit code are those of whoever types; nothing is shared between commands.
"""

import gc
import importlib
import json
import os
import signal
import socket
import sys

#: What most commands import sooner or later.
_WARM = (
    "alembic.runtime.migration",
    "dlt",
    "rich.table",
    "sqlalchemy.dialects.sqlite",
    "tocsin.channels.registry",
    "tocsin.cli.screen",
    "tocsin.engine.opening",
    "tocsin.store.sqlite",
)


def _serve(address: str) -> None:
    from tocsin.cli.main import COMMANDS

    for name in (*_WARM, *(f"tocsin.cli.commands.{command}" for command in COMMANDS)):
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _wait(connection)
            connection.close()


def _wait(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection.makefile("rb") as file:
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
        typed = json.loads(file.readline())
    process = os.fork()
    if process == 0:
        connection.close()
        _become(typed, descriptors)
    _, status = os.waitpid(process, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(typed: dict, descriptors: list[int]) -> None:  # type: ignore[type-arg]
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

    from tocsin.cli.main import main

    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    os.chdir(typed["folder"])
    os.environ.clear()
    os.environ.update(typed["environment"])
    sys.argv = ["tocsin", *typed["words"]]
    # dlt has read where it is and what holds there when it was imported.
    Container()[PluggableRunContext].reload(".")
    main()
    sys.exit()


def _type(address: str, words: list[str]) -> int:
    typed = {"folder": os.getcwd(), "environment": dict(os.environ), "words": words}  # noqa: PTH109  # without the import of pathlib
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [b"."], [0, 1, 2])
        connection.sendall(json.dumps(typed).encode() + b"\n")
        return int(connection.makefile().read() or 255)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(_type(sys.argv[1], sys.argv[2:]))
    _serve(sys.argv[1])
