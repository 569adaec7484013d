"""Who was told of a problem, in a row of a list and in its timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.message import Tone
from tocsin.core.outbox import Delivery, Notification, Status
from tocsin.core.told_words import last_words, progress
from tocsin.engine.engine import Engine
from tocsin.engine.redeliver import once_more
from tocsin.web.pages.addresses import of_group

_TONES = {Status.SENT: Tone.GOOD, Status.GROUPED: Tone.GOOD, Status.WAITING: Tone.WARNING, Status.DEAD: Tone.ERROR}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one channel knows of a problem, in a few words."""

    words: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a receiver answered to one attempt."""

    at: datetime
    words: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that became of a problem."""

    at: datetime
    tone: Tone
    #: A sentence without a full stop.
    words: str
    #: What else there is to say; empty for nothing.
    more: str = ""
    answers: Sequence[Answer] = ()
    #: The page of the group in whose message it was told; empty for none.
    group: str = ""
    #: The notification that can be sent once more; empty for none.
    again: str = ""


def in_short(notifications: Sequence[Notification]) -> list[Told]:
    """Return what each channel knows of a problem.

    Args:
        notifications: What was decided about it, newest first.
    """
    return [_told(one) for one in last_words(notifications)]


def entries_of(
    engine: Engine, notifications: Sequence[Notification], deliveries: Mapping[str, Sequence[Delivery]]
) -> Iterator[Entry]:
    """Return decisions to tell or not to tell, each with its reason and what came of it.

    Args:
        engine: It knows which channels are there still.
        notifications: The decisions, in any order.
        deliveries: The attempts to send them, oldest first, by notification.
    """
    known = {one.id for one in notifications}
    for one in notifications:
        repeatable = one.status in {Status.SENT, Status.DEAD} and one.channel in engine.outlets
        because = f" ({one.because})" if one.because else ""
        times = f", {one.times:,} times" if one.times > 1 else ""
        yield Entry(
            at=one.created_at,
            tone=_TONES.get(one.status, Tone.INFO),
            words=f"{one.channel} {_happened(one)}: {one.reason.removeprefix('not told: ')}{because}{times}",
            more=progress(one) if one.status in {Status.WAITING, Status.DEAD} else "",
            answers=[_answer(each) for each in deliveries.get(one.id, ())],
            group=of_group(one.group_id) if one.status is Status.GROUPED and one.group_id else "",
            again=one.id if repeatable and once_more(one.id) not in known else "",
        )


def _told(one: Notification) -> Told:
    tone = _TONES.get(one.status, Tone.INFO)
    match one.status:
        case Status.SENT:
            return Told(words=one.channel, tone=tone)
        case Status.GROUPED:
            return Told(words=f"{one.channel}, in a group", tone=tone)
        case Status.NOT_TOLD:
            return Told(words=f"{one.channel} {one.reason}", tone=tone)
        case Status.WAITING:
            return Told(words=f"{one.channel}: waiting", tone=tone)
    return Told(words=f"{one.channel}: given up", tone=tone)


def _happened(one: Notification) -> str:
    match one.status:
        case Status.NOT_TOLD:
            return "was not told"
        case Status.WAITING:
            return "is to be told"
        case Status.DEAD:
            return "could not be told"
    return "was told"


def _answer(one: Delivery) -> Answer:
    answer = " ".join(part for part in (str(one.status or ""), one.answer) if part) or "nothing"
    words = f"answered {answer} after {one.took_ms:,} ms"
    return Answer(at=one.at, words=words, tone=Tone.GOOD if one.ok else Tone.ERROR)
