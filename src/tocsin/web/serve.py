"""`tocsin serve`: the application on a socket, and beside it, with a store of this machine, the engine."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import uvicorn

from tocsin.config.model import Config
from tocsin.engine.bell import Bell
from tocsin.engine.clock import Clock
from tocsin.engine.lock import watcher_lock
from tocsin.engine.loop import Watcher
from tocsin.engine.opening import open_engine
from tocsin.engine.serving import note_serving
from tocsin.engine.systemd import notify_systemd
from tocsin.errors import StoreError
from tocsin.store.open import is_postgres
from tocsin.store.protocol import Store
from tocsin.web.access.loopback import check_reachability
from tocsin.web.app import create_app
from tocsin.web.listening import address_of

#: Seconds that requests have to end once the server is told to.
_GRACE = 10
#: Seconds that a connection stays open for the next request; longer than the 60 of most proxies, so that they close it.
_KEEP_ALIVE = 75
#: The longest time between two looks of the engine.
_EVERY = timedelta(seconds=10)
_log = logging.getLogger("tocsin")


def serve(
    config: Config, bound: socket.socket, *, clock: Clock, say: Callable[[str], None], access_log: bool = False
) -> None:
    """Serve until SIGTERM or SIGINT; requests that are being answered, and messages that are being sent, end first.

    Args:
        config: The configuration.
        bound: Where to listen.
        clock: Tells the time.
        say: Says what is done.
        access_log: Whether to log each request.

    Raises:
        ConfigError: Other machines reach the server, and nobody is known who may come in.
        StoreError: The store cannot be opened.
    """
    engine = open_engine(config, clock=clock)
    host = bound.getsockname()[0]
    with ExitStack() as stack:
        stack.callback(engine.store.close)
        check_reachability(engine, bound=host)
        # Before an engine looks: what was silent while no server was there has not died of that.
        note_serving(engine)
        wake = stack.enter_context(_waking(config, engine.store, clock, say))
        say(f"serving {address_of(bound)} from {engine.store.url}")
        settings = uvicorn.Config(
            create_app(engine, bound=host, wake=wake),
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=access_log,
            server_header=False,
            # What a client writes into X-Forwarded-For counts for nothing unless it is a proxy of ours.
            proxy_headers=bool(config.trusted_proxies),
            forwarded_allow_ips=list(config.trusted_proxies),
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_GRACE,
        )
        _Server(settings).run([bound])


class _Server(uvicorn.Server):
    """Ends at a signal without being ended by it, so that what stands beside it ends in order too."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            notify_systemd("READY=1")


@contextmanager
def _waking(config: Config, store: Store, clock: Clock, say: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Yield what is called when events have come: it wakes the workers, or an engine in a thread of this process."""
    if is_postgres(config.store):
        from tocsin.worker.wake import waking

        with waking(config.store) as wake:
            yield wake
        return
    bell = Bell()
    watcher = Watcher(
        open_engine=lambda: open_engine(config, store=store, clock=clock, watching=True),
        lock=watcher_lock(config.home),
        signals=bell,
        news=bell.rung,
        say=say,
        every=_EVERY,
    )
    thread = threading.Thread(target=_watch, args=(watcher,), name="tocsin-engine")
    thread.start()
    try:
        yield bell.ring
    finally:
        bell.end()
        thread.join()


def _watch(watcher: Watcher) -> None:
    try:
        watcher.run()
    except StoreError as error:
        _log.error("%s", error)  # the message says what to do
