"""Pings: what a job tells by asking for an address, as a line of a crontab does with curl.

Each ping is one fact about a run, and most of them do not name it: an end is that of the run which was begun last. So a
ping becomes a run in two steps: `pinged_run` says what it tells by itself, and `follow_up` what that means after all
that was pinged before.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.core.cause import Cause, CauseClass
from tocsin.core.event import EventType
from tocsin.core.exit_code import meaning_of
from tocsin.core.explain.frames import end_of
from tocsin.core.explain.message import cut
from tocsin.core.run import Context, Outcome, Run, Stage

#: A run that was begun and says nothing more is taken for dead after so long, unless settings say otherwise.
SILENT_FOR = timedelta(hours=24)
#: The same ping once more within this time is one that was sent again because its answer got lost: `curl --retry`.
REPEATED_WITHIN = timedelta(seconds=30)
#: The longest name of a job, and the longest id of a run.
LONGEST_NAME = 100
#: Characters of an output that are kept: of its end.
LONGEST_OUTPUT = 8000
_LONGEST_MESSAGE, _SHOWN_LINES = 300, 30
_HIGHEST_EXIT_CODE = 255
_START, _FAIL, _LOG = "start", "fail", "log"
_RID_NAME = "rid"
_WORDS = frozenset({_START, _FAIL, _LOG})
#: What systemd names in $EXIT_STATUS where a signal has ended a service.
_SIGNAL = re.compile(r"ABRT|ALRM|BUS|FPE|HUP|ILL|INT|KILL|PIPE|QUIT|SEGV|SYS|TERM|TRAP|USR[12]|XCPU|XFSZ")
#: Somebody asked the job to end. Other signals end it because something went wrong.
_ASKED = frozenset({"TERM", "INT", "HUP", "QUIT"})
_SEND_OUTPUT = "Send its output with the ping, and what it said last stands here: curl --data-binary @FILE"
_NAME = re.compile(rf"(?!\d+$)\w[\w.@:+~ -]{{0,{LONGEST_NAME - 1}}}")
_RID = re.compile(rf"[\w.@:+~-]{{1,{LONGEST_NAME}}}")


@dataclass(frozen=True, kw_only=True)
class Address:
    """What stands behind `/ping/`."""

    key: str
    #: Empty where the key's own name is the job's.
    job: str = ""
    #: "" for a success, "start", "fail", "log", an exit code, or a signal without its SIG.
    word: str = ""


def read_address(path: str) -> Address:
    """Return what "KEY", "KEY/WORD", "KEY/JOB" or "KEY/JOB/WORD" says.

    Raises:
        ValueError: It is none of these; the message says what is.
    """
    match path.removesuffix("/").split("/"):
        case [key]:
            return Address(key=key)
        case [key, word] if _is_word(word):
            return Address(key=key, word=word)
        case [key, job] if _NAME.fullmatch(job):
            return Address(key=key, job=job)
        case [key, job, word] if _NAME.fullmatch(job) and not _is_word(job) and _is_word(word):
            return Address(key=key, job=job, word=word)
    raise ValueError(
        "An address to ping is /ping/KEY or /ping/KEY/JOB, and after that nothing for a success, or /start, /fail, "
        f"/log, or the exit code. JOB has letters, digits, blanks and . _ - @ : + ~, {LONGEST_NAME} characters at most"
    )


def read_rid(text: str) -> str:
    """Return the id by which runs of a job that overlap are told apart; empty if there is none.

    Raises:
        ValueError: It is too long, or holds other characters.
    """
    if text and not _RID.fullmatch(text):
        raise ValueError(
            f"rid is no id of a run. Send a UUID, or up to {LONGEST_NAME} letters, digits and . _ - @ : + ~"
        )
    return text


def rid_of(run: Run) -> str:
    """Return the id by which a pinged run was named; empty if there is none."""
    return run.context.names.get(_RID_NAME, "")


def event_type(word: str) -> EventType:
    """Return what kind of event a ping is."""
    return {_START: EventType.RUN_STARTED, _LOG: EventType.PROGRESS}.get(word, EventType.RUN_FINISHED)


def pinged_run(
    word: str, *, job: str, environment: str, at: datetime, new_id: str, rid: str = "", output: str = "", host: str = ""
) -> Run:
    """Return what a ping tells by itself: of an end, a run of no length.

    Args:
        word: As in `Address`.
        job: Its name.
        environment: That of the key.
        at: When the ping came.
        new_id: The id of the run, if it is a new one without a `rid`.
        rid: As from `read_rid`.
        output: What came with it, redacted.
        host: Where it came from.
    """
    run_id = _id_of(environment, job, rid) if rid else new_id
    names = {_RID_NAME: rid} if rid else {}
    run = Run(
        id=run_id,
        pipeline=job,
        environment=environment,
        started_at=at,
        stage=Stage.JOB,
        logical_id=run_id,
        heartbeat_at=at,
        context=Context(pinged=True, died_after=SILENT_FOR, names=names, host=host, log_tail=_kept(output)),
    )
    if event_type(word) is not EventType.RUN_FINISHED:
        return run
    if not word.strip("0"):
        return replace(run, ended_at=at, outcome=Outcome.SUCCEEDED)
    cause, outcome = _why(word, output)
    ended_by = cause.exception if outcome is Outcome.DIED else None
    return replace(run, ended_at=at, outcome=outcome, cause=cause, ended_by=ended_by)


def follow_up(kind: EventType, pinged: Run, known: Run | None) -> Run | None:
    """Return what a ping says of its run; None where that is nothing new.

    Args:
        kind: Whether it tells of a start, an end, or that the run goes on.
        pinged: What it tells by itself.
        known: The newest run that it can be about: of those with its `rid`, or of those without one.
    """
    if known is not None and kind is not EventType.RUN_STARTED and _goes_on(known, pinged):
        return _continued(known, pinged)
    if kind is EventType.PROGRESS or (known is not None and _repeats(known, pinged)):
        # A line of a log that belongs to no run, or what is known already.
        return None
    return pinged


def given_up(kind: EventType, pinged: Run, known: Run | None) -> Run | None:
    """Return the run that must have died, because the next one begins and nothing told how it ended."""
    if kind is not EventType.RUN_STARTED or known is None or known.outcome is not Outcome.RUNNING:
        return None
    if _repeats(known, pinged):
        return None
    return known.died()


def _goes_on(known: Run, pinged: Run) -> bool:
    # Who names its run may tell its end after it was taken for dead. Without a name it may as well be the next one's.
    return known.outcome is Outcome.RUNNING or (known.outcome is Outcome.DIED and known.id == pinged.id)


def _repeats(known: Run, pinged: Run) -> bool:
    if known.id == pinged.id:
        return True
    since = (pinged.ended_at or pinged.started_at) - (known.ended_at or known.started_at)
    return known.outcome is pinged.outcome and since < REPEATED_WITHIN


def _continued(known: Run, pinged: Run) -> Run:
    log = "\n".join(text for text in (known.context.log_tail, pinged.context.log_tail) if text)
    return replace(
        pinged,
        id=known.id,
        logical_id=known.logical_id,
        started_at=known.started_at,
        # Two servers may have told the time.
        ended_at=max(pinged.ended_at, known.started_at) if pinged.ended_at is not None else None,
        context=replace(pinged.context, log_tail=_kept(log)),
    )


def _why(word: str, output: str) -> tuple[Cause, Outcome]:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    cause = Cause(
        cause_class=CauseClass.CODE,
        exception=f"pinged /{_FAIL}",
        message=cut(lines[-1], _LONGEST_MESSAGE) if lines else "",
        hint="" if lines else _SEND_OUTPUT,
        traceback="\n".join(output.rstrip().splitlines()[-_SHOWN_LINES:]),
    )
    if word == _FAIL:
        return cause, Outcome.FAILED
    if not _SIGNAL.fullmatch(word):
        hint = f"{meaning_of(int(word))} {cause.hint}".strip()
        return replace(cause, exception=f"exit code {int(word)}", hint=hint), Outcome.FAILED
    asked = word in _ASKED
    cause = replace(
        cause,
        cause_class=CauseClass.INTERRUPTED,
        exception=f"SIG{word}",
        # The rule about deaths knows what to say of each signal.
        message=f"the job was ended by SIG{word}" if asked else "",
        hint="A person, a deployment or a time limit stopped it." if asked else "",
    )
    return cause, Outcome.INTERRUPTED if asked else Outcome.DIED


def _is_word(text: str) -> bool:
    if text.isascii() and text.isdecimal():
        return int(text) <= _HIGHEST_EXIT_CODE
    return text in _WORDS or _SIGNAL.fullmatch(text) is not None


def _id_of(*names: str) -> str:
    return hashlib.sha256("\0".join(("ping", *names)).encode(errors="surrogatepass")).hexdigest()[:32]


def _kept(output: str) -> str:
    return end_of(output.strip("\n"), LONGEST_OUTPUT)
