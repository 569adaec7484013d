"""What an address that is pinged says, and what it means after what was pinged before."""

from __future__ import annotations

import pytest

from made import at
from tocsin.core.event import EventType
from tocsin.core.ping import (
    LONGEST_NAME,
    LONGEST_OUTPUT,
    Address,
    event_type,
    follow_up,
    given_up,
    pinged_run,
    read_address,
    read_rid,
)
from tocsin.core.run import Outcome, Run, Stage


def pinged(word: str = "", *, minute: float = 0, rid: str = "", output: str = "") -> Run:
    """Return what one ping of the job "backup" tells."""
    new_id = f"new{minute}"
    return pinged_run(
        word, job="backup", environment="prod", at=at(minute), new_id=new_id, rid=rid, output=output, host="10.0.0.7"
    )


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("K", Address(key="K")),
        ("K/", Address(key="K")),
        ("K/start", Address(key="K", word="start")),
        ("K/log", Address(key="K", word="log")),
        ("K/0", Address(key="K", word="0")),
        ("K/255", Address(key="K", word="255")),
        # What systemd has in $EXIT_STATUS of a service that a signal has ended.
        ("K/KILL", Address(key="K", word="KILL")),
        ("K/backup", Address(key="K", job="backup")),
        ("K/backup.sh/fail", Address(key="K", job="backup.sh", word="fail")),
        ("K/nightly sync: über/127", Address(key="K", job="nightly sync: über", word="127")),
        # Whoever calls a job so has to do without its small letters.
        ("K/START", Address(key="K", job="START")),
        (f"K/{'x' * LONGEST_NAME}", Address(key="K", job="x" * LONGEST_NAME)),
    ],
)
def test_an_address_is_read(path: str, says: Address) -> None:
    """The word comes last, the name of the job before it, and both may be missing."""
    assert read_address(path) == says


@pytest.mark.parametrize(
    "path",
    [
        "K/256",
        "K/backup/done",
        "K/start/fail",
        "K/a/b/start",
        "K//start",
        "K/../start",
        "K/-rf",
        "K/<b>",
        "K/a\nb",
        f"K/{'x' * (LONGEST_NAME + 1)}",
        "K/backup/²",
    ],
)
def test_an_address_that_says_nothing_is_refused(path: str) -> None:
    """No word is taken for a job, and no job for a word; the message says what an address looks like."""
    with pytest.raises(ValueError, match="An address to ping is /ping/KEY or /ping/KEY/JOB, and after that nothing"):
        read_address(path)


@pytest.mark.parametrize("text", ["", "7a1f0f63-4b80-4a5e-8f2f-6d8f9f3f0b11", "1234567890-1", "a" * LONGEST_NAME])
def test_an_id_of_a_run_is_any_word(text: str) -> None:
    """A UUID, the number of a build, or none."""
    assert read_rid(text) == text


@pytest.mark.parametrize("text", [" ", "a b", "a/b", "a" * (LONGEST_NAME + 1), "a\n"])
def test_an_id_that_is_no_word_is_refused(text: str) -> None:
    """Nothing but a word gets into the store as an id."""
    with pytest.raises(ValueError, match="rid is no id of a run"):
        read_rid(text)


def test_a_ping_alone_is_a_run_of_no_length() -> None:
    """It belongs to no process, and may be silent for a day."""
    run = pinged()
    assert (run.outcome, run.started_at, run.ended_at, run.stage) == (Outcome.SUCCEEDED, at(0), at(0), Stage.JOB)
    assert (run.context.pinged, run.context.host, run.process) == (True, "10.0.0.7", None)


@pytest.mark.parametrize(
    ("word", "kind", "outcome", "exception", "hint"),
    [
        ("", EventType.RUN_FINISHED, Outcome.SUCCEEDED, None, ""),
        ("0", EventType.RUN_FINISHED, Outcome.SUCCEEDED, None, ""),
        ("000", EventType.RUN_FINISHED, Outcome.SUCCEEDED, None, ""),
        ("start", EventType.RUN_STARTED, Outcome.RUNNING, None, ""),
        ("log", EventType.PROGRESS, Outcome.RUNNING, None, ""),
        ("fail", EventType.RUN_FINISHED, Outcome.FAILED, "pinged /fail", "Send its output with the ping"),
        ("3", EventType.RUN_FINISHED, Outcome.FAILED, "exit code 3", "--data-binary @FILE"),
        ("127", EventType.RUN_FINISHED, Outcome.FAILED, "exit code 127", "cannot be started"),
        ("137", EventType.RUN_FINISHED, Outcome.FAILED, "exit code 137", "SIGKILL has ended a command"),
        ("TERM", EventType.RUN_FINISHED, Outcome.INTERRUPTED, "SIGTERM", "a time limit stopped it"),
        ("SEGV", EventType.RUN_FINISHED, Outcome.DIED, "SIGSEGV", ""),
    ],
)
def test_each_word_says_how_it_is(
    word: str, kind: EventType, outcome: Outcome, exception: str | None, hint: str
) -> None:
    """The word decides what kind of event it is, and the outcome, its cause and what to do."""
    run = pinged(word)
    assert (event_type(word), run.outcome) == (kind, outcome)
    assert (run.cause.exception if run.cause else None) == exception
    assert run.ended_by == (exception if outcome is Outcome.DIED else None)
    assert hint in (run.cause.hint if run.cause else "")


def test_what_it_said_last_is_why() -> None:
    """The last line that is not blank is the message, the end of the output is kept, and no hint asks for it."""
    output = "".join(f"line {number}\n" for number in range(5000)) + "pg_dump: no space left on device\n\n"
    run = pinged("1", output=output)
    assert run.cause is not None
    assert (run.cause.message, run.cause.hint) == ("pg_dump: no space left on device", "")
    assert len(run.cause.traceback.splitlines()) == 30
    assert len(run.context.log_tail) <= LONGEST_OUTPUT
    assert "characters left out]\nline" in run.context.log_tail
    assert run.context.log_tail.endswith("line 4999\npg_dump: no space left on device")


def test_an_end_is_that_of_the_run_that_was_begun() -> None:
    """It keeps id and start of that run, and what was said before."""
    begun = pinged("start", output="connecting")
    ended = follow_up(EventType.RUN_FINISHED, pinged("1", minute=7, output="lost the connection"), begun)
    assert ended is not None
    assert (ended.id, ended.started_at, ended.ended_at, ended.outcome) == (begun.id, at(0), at(7), Outcome.FAILED)
    assert ended.context.log_tail == "connecting\nlost the connection"


def test_no_run_ends_before_it_began() -> None:
    """Where the clocks of two servers differ, it has no length."""
    ended = follow_up(EventType.RUN_FINISHED, pinged(minute=4), pinged("start", minute=5))
    assert ended is not None
    assert (ended.started_at, ended.ended_at) == (at(5), at(5))


def test_a_line_is_a_sign_of_life() -> None:
    """It goes on the log of the run that goes on; where none does, nothing is known by it."""
    line = pinged("log", minute=3, output="half way")
    alive = follow_up(EventType.PROGRESS, line, pinged("start"))
    assert alive is not None
    assert (alive.outcome, alive.started_at, alive.heartbeat_at) == (Outcome.RUNNING, at(0), at(3))
    assert follow_up(EventType.PROGRESS, line, None) is None
    assert follow_up(EventType.PROGRESS, line, pinged()) is None


@pytest.mark.parametrize("word", ["start", "", "1"])
def test_what_curl_sends_again_is_known_already(word: str) -> None:
    """The same within half a minute is the same ping; later it is another run."""
    kind = event_type(word)
    assert follow_up(kind, pinged(word, minute=0.4), pinged(word)) is None
    again = pinged(word, minute=0.6)
    assert follow_up(kind, again, pinged(word)) == again or word == "start"


def test_another_end_is_news_at_once() -> None:
    """A failure right after a success is no repetition."""
    failed = pinged("1", minute=0.1)
    assert follow_up(EventType.RUN_FINISHED, failed, pinged()) == failed


def test_a_start_after_a_start_gives_the_first_run_up() -> None:
    """Nothing told how it ended; one that was sent again gives up nothing."""
    begun = pinged("start")
    died = given_up(EventType.RUN_STARTED, pinged("start", minute=60), begun)
    assert died is not None
    assert (died.id, died.outcome, died.ended_at) == (begun.id, Outcome.DIED, at(0))
    assert given_up(EventType.RUN_STARTED, pinged("start", minute=0.2), begun) is None
    assert given_up(EventType.RUN_STARTED, pinged("start", minute=60), pinged()) is None
    assert given_up(EventType.RUN_FINISHED, pinged(minute=60), begun) is None


def test_runs_with_an_id_are_told_apart() -> None:
    """The id is that of the run, in its job and environment; a second start or end of it says nothing new."""
    begun, ended = pinged("start", rid="a"), pinged(minute=9, rid="a")
    assert begun.id == ended.id != pinged("start", rid="b").id
    assert follow_up(EventType.RUN_STARTED, pinged("start", minute=9, rid="a"), begun) is None
    assert given_up(EventType.RUN_STARTED, pinged("start", minute=9, rid="a"), begun) is None
    done = follow_up(EventType.RUN_FINISHED, ended, begun)
    assert done is not None
    assert done.started_at == at(0)
    assert follow_up(EventType.RUN_FINISHED, pinged("1", minute=50, rid="a"), done) is None


def test_an_end_with_an_id_beats_the_guess_that_it_died() -> None:
    """Without an id it may as well be that of the next run, whose start got lost."""
    for rid in ("a", ""):
        begun = pinged("start", rid=rid)
        died = given_up(EventType.RUN_STARTED, pinged("start", minute=60, rid="b"), begun)
        ended = pinged(minute=90, rid=rid)
        found = follow_up(EventType.RUN_FINISHED, ended, died)
        assert found is not None
        assert found.started_at == (at(0) if rid else at(90))
