"""What is wrong with Tocsin itself, in sentences that say what to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tocsin.cli.sending import about_waiting, ask, open_uplink
from tocsin.cli.watching import find_watch
from tocsin.config.model import Config
from tocsin.core.outbox import Status
from tocsin.core.phrases import ago, pipeline
from tocsin.core.run import Outcome
from tocsin.core.words import count, duration, listing
from tocsin.documents.channels import ChannelView, Health
from tocsin.engine.engine import Engine
from tocsin.engine.gone import silence_limit
from tocsin.engine.serving import served, silence
from tocsin.store.protocol import Transaction

#: More than anybody reads.
_MOST_REFUSED = 1000


def about_all(engine: Engine, tx: Transaction, channels: Sequence[ChannelView]) -> Iterator[str]:
    """Tell all of it."""
    yield from about_configuration(engine)
    yield from about_spool(engine)
    if engine.config.server is not None:
        # Its channels, runs and watchers are those that count.
        yield from about_server(engine.config)
        return
    now = engine.clock()
    yield from about_inbox(tx)
    yield from about_channels(channels)
    yield from about_outbox(tx, now)
    yield from about_running(engine.config, tx, now)
    yield from about_watching(engine, tx)


def about_configuration(engine: Engine) -> Iterator[str]:
    """Tell what is wrong in the settings."""
    if not engine.config.enabled:
        yield "watching is switched off: remove enabled = false, or set TOCSIN__ENABLED=true"
    if engine.problems:
        yield f"{count(len(engine.problems), 'problem')} in the configuration: tocsin config check"


def about_spool(engine: Engine) -> Iterator[str]:
    """Tell what was reported and not taken in, here or by the server."""
    if engine.config.server is not None:
        if waits := about_waiting(open_uplink(engine.config)):
            yield waits
    elif waiting := engine.spool.waiting():
        verb = "waits" if waiting == 1 else "wait"
        yield f"{count(waiting, 'event')} {verb} to be taken in: tocsin tick"
    if rejected := engine.spool.set_aside():
        names = listing([path.name for path in rejected], most=3)
        yield f"{count(len(rejected), 'file')} in {engine.spool.rejected} cannot be read as events: {names}"


def about_inbox(tx: Transaction) -> Iterator[str]:
    """Tell what was sent to a server and could not be used."""
    if refused := tx.refused(limit=_MOST_REFUSED):
        event_id, why = refused[0]
        yield f"{count(len(refused), 'event')} that a server was sent cannot be used; the latest is {event_id}: {why}"


def about_server(config: Config) -> Iterator[str]:
    """Tell why the server that reports go to does not take them."""
    if config.server is not None:
        well, text = ask(open_uplink(config))
        if not well:
            yield text


def about_channels(views: Sequence[ChannelView]) -> Iterator[str]:
    """Tell which channels do not work."""
    if not views:
        yield "no channel is configured, so nobody is told: tocsin init"
    for view in views:
        if not view.works:
            yield f"channel {view.name} is {view.state}, {view.why}: mend it and type tocsin channel test {view.name}"
        elif view.state in {Health.FAILING, Health.PAUSED}:
            yield f"channel {view.name} is {view.state}, {view.why}: tocsin channel test {view.name}"


def about_outbox(tx: Transaction, now: datetime) -> Iterator[str]:
    """Tell which messages did not reach anybody yet."""
    waiting = tx.notifications(status=Status.WAITING, limit=10_000)
    for channel in sorted({one.channel for one in waiting}):
        of_channel = [one for one in waiting if one.channel == channel]
        oldest = min(of_channel, key=lambda one: one.created_at)
        because = f", {oldest.last_error}" if oldest.last_error else ""
        verb = "waits" if len(of_channel) == 1 else "wait"
        messages = f"{count(len(of_channel), 'message')} {verb} for {channel}"
        yield f"{messages}, the first was written {ago(oldest.created_at, now)}{because}: tocsin tick"


def about_running(config: Config, tx: Transaction, now: datetime) -> Iterator[str]:
    """Tell which runs have given no sign of life for too long."""
    listened = served(tx)
    for run in tx.runs(outcomes={Outcome.RUNNING}, limit=1000):
        silent = silence(run, listened, now)
        if silent > silence_limit(config, run):
            name = pipeline(run.pipeline, run.environment)
            yield f"{name} has given no sign of life for {duration(silent)}: tocsin tick tells whether it died"


def about_watching(engine: Engine, tx: Transaction) -> Iterator[str]:
    """Tell that nobody looks for what should happen."""
    watch = find_watch(engine, tx)
    if not watch.well:
        yield watch.text
