"""`tocsin serve` as a real process, and an engine on its store."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from browser import Browser
from tocsin.config.load import load
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from typed_process import TypedProcess, wait_until


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server that runs."""

    #: "http://127.0.0.1:41234".
    address: str
    engine: Engine
    process: TypedProcess

    def browser(self) -> Browser:
        """Return a browser that has not been there."""
        return Browser(self.address)


def _listens(address: str) -> bool:
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.socket() as caller:
        return caller.connect_ex((host, int(port))) == 0


@contextmanager
def serving(folder: Path, *words: str, settings: str = "", **environment: str) -> Iterator[Served]:
    """Serve what lies in `folder` for the length of a `with` block, on a free port of the loopback.

    Args:
        folder: Where it is typed; its store is in `home` there.
        words: What is typed after `tocsin serve --port 0`.
        settings: What stands in `tocsin.toml`.
        environment: More variables.
    """
    home = folder / "home"
    (folder / "tocsin.toml").write_text(settings)
    engine = open_engine(load([], home=home))
    variables = {**os.environ, "TOCSIN__HOME": str(home), **environment}
    with TypedProcess("serve", "--port", "0", *words, folder=folder, env=variables) as process:
        wait_until(lambda: b" from " in process.out or process.process.poll() is not None, "the server")
        found = re.search(rb"serving (\S+) from", process.out)
        assert found, process.err
        wait_until(lambda: _listens(found[1].decode()), "the server to listen")
        yield Served(address=found[1].decode(), engine=engine, process=process)
    engine.store.close()
