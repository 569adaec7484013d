"""Signs of life, and what is made ready between them."""

from __future__ import annotations

import threading

from tocsin.capture.heartbeat import Heartbeat

#: Longer than any busy machine needs.
PATIENCE = 60


def test_the_first_sign_of_life_comes_soon_and_warms_up_once() -> None:
    """After the first beat what a failure needs is made ready; then beats come at their own pace."""
    said: list[str] = []
    enough = threading.Event()

    def beat() -> bool:
        said.append("beat")
        if len(said) > 4:
            enough.set()
        return not enough.is_set()

    heart = Heartbeat(beat, lambda: said.append("warm up"), first=0.001, every=0.001)
    heart.ensure()
    heart.ensure()

    assert enough.wait(PATIENCE)
    assert said == ["beat", "warm up", "beat", "beat", "beat"]


def test_a_heart_that_stopped_beats_again_for_the_next_run() -> None:
    """The thread ends when nothing is left to report, and starts with the next run."""
    beats = [threading.Event(), threading.Event()]
    left = iter(beats)

    def beat() -> bool:
        next(left).set()
        return False

    heart = Heartbeat(beat, lambda: None, first=0.001, every=0.001)
    for each in beats:
        while not each.is_set():
            heart.ensure()
            each.wait(0.01)
    assert all(each.is_set() for each in beats)


def test_a_run_that_is_over_at_once_pays_for_nothing() -> None:
    """Without a first beat nothing is made ready."""
    said: list[str] = []
    over = threading.Event()

    def beat() -> bool:
        over.set()
        return False

    Heartbeat(beat, lambda: said.append("warm up"), first=0.001, every=0.001).ensure()

    assert over.wait(PATIENCE)
    assert said == []


def test_a_heart_stands_still_while_its_process_forks() -> None:
    """Nothing of ours runs in that moment, and it beats again behind it."""
    beats = threading.Semaphore(0)

    def beat() -> bool:
        beats.release()
        return True

    heart = Heartbeat(beat, lambda: None, first=0.001, every=0.001)
    heart.pause()
    heart.resume()
    before = threading.active_count()

    heart.ensure()
    assert beats.acquire(timeout=PATIENCE)
    for _ in range(3):
        heart.pause()
        assert threading.active_count() == before
        heart.resume()
        while beats.acquire(blocking=False):
            pass
        assert beats.acquire(timeout=PATIENCE)
    heart.pause()
