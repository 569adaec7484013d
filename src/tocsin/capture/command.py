"""Watch any command: `tocsin run -- CMD`."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath
from threading import Thread

from tocsin.capture.oom import OomCounter
from tocsin.capture.quiet import quiet
from tocsin.capture.relay import Relay
from tocsin.core.cause import Cause, CauseClass
from tocsin.core.exit_code import BY_SIGNAL, NOT_EXECUTABLE, NOT_FOUND, meaning_of, signal_name
from tocsin.core.run import Outcome, Run

#: Somebody asked the command to end. Other signals end it because something went wrong.
_ASKED = {"SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"}
_INTERPRETER = re.compile(r"(python|pypy)[\d.]*|(ba|da|z|k|fi)?sh|perl|ruby|node|php|Rscript|julia")
_LONGEST_COMMAND = 200
_LONGEST_MESSAGE = 300
_SHOWN_LINES = 30


def watch_command(command: Sequence[str], *, name: str | None = None) -> int:
    """Run a command and report how it ended.

    Whatever happens to the reports, the command runs, and its outcome is what is returned.

    Args:
        command: The program and its arguments.
        name: The job's name for alerts and history; by default that of the program or script.

    Returns:
        The exit code; a signal that has ended the command is negative. A command that cannot be started gives 127 or
        126, as in a shell, after a line on stderr.
    """
    started_at = datetime.now(UTC)
    # The command begins in our control group.
    memory = OomCounter(os.getpid())
    with Relay() as relay:
        try:
            relay.start(command)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            why = f"{command[0]}: {'command not found' if missing else error.strerror}"
            sys.stderr.write(f"tocsin run: {why}\n")
            job = _Job()
            job.begin(command, name, started_at)
            job.finish(datetime.now(UTC), Outcome.FAILED, _not_started(why))
            return NOT_FOUND if missing else NOT_EXECUTABLE
        # Reading the settings may take longer than the command itself.
        job = _Job()
        beginning = Thread(target=job.begin, args=(command, name, started_at), name="tocsin-begin")
        beginning.start()
        code = relay.wait()
        ended_at = datetime.now(UTC)
        beginning.join()
        job.tell(relay, code, ended_at, memory)
    return code


def job_name(command: Sequence[str]) -> str:
    """Return "backup.sh" for `/opt/backup.sh /data`, and "export.py" for `python -u jobs/export.py`."""
    program, *arguments = command
    first = next((word for word in arguments if not word.startswith("-")), None)
    if _INTERPRETER.fullmatch(PurePath(program).name) and first is not None and not {"-c", "-e"} & {*arguments}:
        return PurePath(first).name
    return PurePath(program).name or program


class _Job:
    """What is reported of the command. No method raises."""

    def __init__(self) -> None:
        self._run: Run | None = None

    @quiet
    def begin(self, command: Sequence[str], name: str | None, started_at: datetime) -> None:
        from tocsin.capture.recorder import recorder

        run = recorder().job(name or job_name(command), started_at)
        typed = recorder().redact(shlex.join(command))
        self._run = replace(run, context=replace(run.context, command=_cut(typed, _LONGEST_COMMAND)))
        recorder().begin(self._run)

    @quiet
    def tell(self, relay: Relay, code: int, ended_at: datetime, memory: OomCounter) -> None:
        outcome, number = _outcome(code, relay.received)
        if self._run is None or outcome is Outcome.SUCCEEDED:
            self.finish(ended_at, outcome)
            return
        out_of_memory = memory.said() if signal.SIGKILL in {number, code - BY_SIGNAL} else None
        out, err = _clean(relay.tail(1)), _clean(relay.tail(2))
        said = err if err.strip() else out
        message = {
            Outcome.INTERRUPTED: f"the command was ended by {signal_name(number)}",
            # The rule about deaths knows what to say of each signal.
            Outcome.DIED: "",
        }.get(outcome, _last_line(said))
        cause = Cause(
            cause_class=CauseClass.INTERRUPTED if number else CauseClass.CODE,
            exception=signal_name(number) if number else f"exit code {code}",
            message=message,
            hint=_hint(code, outcome, self._run.context.command or "", out_of_memory),
            traceback="\n".join(said.rstrip().splitlines()[-_SHOWN_LINES:]),
        )
        parts = {"stdout and stderr": out} if out == err else {"stdout": out, "stderr": err}
        log = "\n".join(f"{title}:\n{text}" for title, text in parts.items() if text)
        ended_by = (out_of_memory or signal_name(number)) if outcome is Outcome.DIED else None
        self.finish(ended_at, outcome, cause, ended_by=ended_by, log=log)

    @quiet
    def finish(
        self,
        ended_at: datetime,
        outcome: Outcome,
        cause: Cause | None = None,
        *,
        ended_by: str | None = None,
        log: str = "",
    ) -> None:
        from tocsin.capture.recorder import recorder

        if self._run is not None:
            ended = replace(self._run, ended_at=ended_at, outcome=outcome, cause=cause, ended_by=ended_by)
            recorder().finish(ended, log=log)


def _outcome(code: int, received: set[int]) -> tuple[Outcome, int]:
    """Return how the command ended, and the number of the signal that has ended it, or 0."""
    # Shells and well-behaved programs tell by their exit code that they ended because of a signal.
    number = -code if code < 0 else code - BY_SIGNAL if code - BY_SIGNAL in received else 0
    if number and signal_name(number) in _ASKED:
        return Outcome.INTERRUPTED, number
    if code < 0:
        return Outcome.DIED, number
    return (Outcome.FAILED if code else Outcome.SUCCEEDED), 0


def _not_started(why: str) -> Cause:
    return Cause(
        cause_class=CauseClass.CONFIGURATION,
        exception="the command cannot be started",
        message=_clean(why),
        hint="Write its full path, or set PATH where it is started: cron knows few folders.",
    )


def _hint(code: int, outcome: Outcome, command: str, out_of_memory: str | None) -> str:
    if outcome is Outcome.INTERRUPTED:
        return "A person, a deployment or a time limit stopped it."
    meaning = meaning_of(code)
    if code > BY_SIGNAL:
        return f"{meaning} It ran {out_of_memory}." if out_of_memory else meaning
    return f"{meaning} Try it by hand: {command}".lstrip()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _cut(lines[-1], _LONGEST_MESSAGE) if lines else ""


def _clean(text: str) -> str:
    from tocsin.capture.recorder import recorder
    from tocsin.core.explain.compose import WITHHELD

    try:
        return recorder().redact(text)
    except Exception:  # noqa: BLE001  # what could not be looked through does not leave
        return WITHHELD


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
