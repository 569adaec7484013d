"""What `tocsin doctor` looks at: each part of Tocsin, in the order in which a run passes through them."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from tocsin.capture import providers
from tocsin.capture.attach import CALLBACKS
from tocsin.cli import notices
from tocsin.cli.sending import about_waiting, ask, open_uplink
from tocsin.cli.watching import find_watch
from tocsin.cli.workplace import Workplace, open_engine
from tocsin.config.model import Problem
from tocsin.core.message import Tone
from tocsin.core.outbox import ChannelState
from tocsin.core.words import count
from tocsin.documents.channels import channel_views
from tocsin.engine.engine import Engine
from tocsin.errors import StoreError
from tocsin.store.protocol import Transaction
from tocsin.store.tables import SCHEMA_VERSION

_LITTLE_ROOM = 100 * 1024**2
_PROVED = "doctor"


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What was found."""

    #: Which part it is about.
    part: str
    #: "ok", "warning" or "broken".
    state: str
    #: What was found, and what to type where something is wrong.
    text: str

    @property
    def tone(self) -> Tone:
        """How it looks."""
        return {"ok": Tone.GOOD, "warning": Tone.WARNING}.get(self.state, Tone.ERROR)


def examine(place: Workplace) -> Iterator[Sign]:
    """Look at every part; nothing is sent."""
    yield from _dlt()
    yield _home(place)
    yield _companion(place)
    if place.config.server is not None:
        yield from _server(place)
        return
    try:
        with open_engine(place) as engine:
            yield from _configuration(engine)
            yield _store(engine)
            with engine.store.reading() as tx:
                yield from _work(engine, tx)
    except StoreError as error:
        yield from _configured(place.config.problems)
        yield Sign(part="store", state="broken", text=str(error))


def _dlt() -> Iterator[Sign]:
    if find_spec("dlt") is None:
        yield Sign(part="dlt", state="ok", text="is not installed; tocsin.watch watches other programs")
        return
    version = importlib.metadata.version("dlt")
    # Read where dlt has put it: the settings, which were read before, made dlt load its plugins.
    trace = sys.modules.get("dlt.pipeline.trace")
    if CALLBACKS in (getattr(trace, "TRACKING_MODULES", None) or ()):
        yield Sign(part="dlt", state="ok", text=f"{version}, its pipelines are watched")
    elif os.environ.get("DLT_DISABLE_PLUGINS", "false").lower() != "false":
        remedy = "unset DLT_DISABLE_PLUGINS, or call tocsin.enable() in your program"
        yield Sign(part="dlt", state="broken", text=f"{version} does not load plugins: {remedy}")
    else:
        remedy = "pip install --force-reinstall dlt-tocsin, in the environment of your pipelines"
        yield Sign(part="dlt", state="broken", text=f"{version} did not load the plugin of Tocsin: {remedy}")
    if (providers.lookup("enable_runtime_trace") or "true").lower() == "false":
        text = "enable_runtime_trace is false, so dlt keeps no traces; Tocsin watches its pipelines all the same"
        yield Sign(part="dlt", state="ok", text=text)


def _home(place: Workplace) -> Sign:
    home = place.config.home
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"\0" * 4096)
        free = shutil.disk_usage(home).free
    except OSError as error:
        text = f"{home} cannot be written ({error.strerror}): set TOCSIN__HOME to another directory"
        return Sign(part="home", state="broken", text=text)
    text = f"{home} can be written, {free / 1024**3:,.1f} GiB are free"
    return Sign(part="home", state="ok" if free > _LITTLE_ROOM else "warning", text=text)


def _companion(place: Workplace) -> Sign:
    mode = place.config.handover
    if mode != "spawn":
        who = {"inline": "the pipeline's own process", "none": "tocsin tick"}[mode]
        return Sign(part="handover", state="ok", text=f'is "{mode}": {who} does the work of the engine')
    text = "a pipeline's process can start its companion"
    if os.name != "posix":
        text = "processes cannot be started beside a pipeline's own here, so that one does the work of the engine"
        return Sign(part="handover", state="warning", text=f'{text}; set handover = "inline" to say so')
    command = ["/bin/sh", "-c", 'nice -n 19 "$@"', "tocsin", sys.executable, "-c", "import tocsin.engine.companion"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)  # noqa: S603  # fixed words
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines() or [str(error)]
        text = f'a companion process cannot be started ({said[-1]}): set handover = "inline" in [tocsin]'
        return Sign(part="handover", state="broken", text=text)
    return Sign(part="handover", state="ok", text=text)


def _configuration(engine: Engine) -> Iterator[Sign]:
    yield from _configured(engine.problems)
    if not engine.config.enabled:
        text = "watching is switched off: remove enabled = false, or set TOCSIN__ENABLED=true"
        yield Sign(part="configuration", state="warning", text=text)
    elif not engine.problems:
        yield Sign(part="configuration", state="ok", text="no problem was found")


def _configured(problems: tuple[Problem, ...]) -> Iterator[Sign]:
    for problem in problems:
        yield Sign(part="configuration", state="broken", text=str(problem))


def _server(place: Workplace) -> Iterator[Sign]:
    """Look at what is left to do here where a server does the work of the engine."""
    problems = place.config.problems
    yield from _configured(problems)
    if not problems:
        yield Sign(part="configuration", state="ok", text="no problem was found")
    uplink = open_uplink(place.config)
    well, text = ask(uplink)
    yield Sign(part="server", state="ok" if well else "broken", text=text)
    left = about_waiting(uplink)
    yield Sign(part="spool", state="warning" if left else "ok", text=left or "no event waits")
    if rejected := uplink.spool.set_aside():
        text = f"{count(len(rejected), 'event')} in {uplink.spool.rejected} were refused; the reason stands beside each"
        yield Sign(part="spool", state="warning", text=text)


class _TakenBack(Exception):
    """Ends a transaction so that nothing of it stays."""


def _store(engine: Engine) -> Sign:
    with contextlib.suppress(_TakenBack), engine.store.writing() as tx:
        tx.save_channel_state(ChannelState(channel=_PROVED))
        raise _TakenBack
    text = f"{engine.store.url} can be read and written; its tables have version {SCHEMA_VERSION}"
    return Sign(part="store", state="ok", text=text)


def _work(engine: Engine, tx: Transaction) -> Iterator[Sign]:
    """Look at what waits in the spool, the inbox and the outbox, at channels, at runs and at who watches them."""
    now = engine.clock()
    watch = find_watch(engine, tx)
    channels = channel_views(engine, tx)
    broken = {view.name for view in channels if not view.works}
    found = {
        "spool": [*notices.about_spool(engine)],
        "inbox": [*notices.about_inbox(tx)],
        "runs": [*notices.about_running(engine.config, tx, now)],
        "watch": [] if watch.well else [watch.text],
        "channels": [*notices.about_channels(channels)],
        "outbox": [*notices.about_outbox(tx, now)],
    }
    well = {
        "spool": "no event waits",
        "inbox": "every event that came could be used",
        "runs": "every run that goes on gives signs of life",
        "watch": watch.text,
        "channels": f"{count(len(channels), 'channel')}: {', '.join(f'{v.name} ({v.state})' for v in channels)}",
        "outbox": "no message waits",
    }
    for part, texts in found.items():
        state = "broken" if part == "channels" and broken else "warning"
        for text in texts:
            yield Sign(part=part, state=state, text=text)
        if not texts:
            yield Sign(part=part, state="ok", text=well[part])
