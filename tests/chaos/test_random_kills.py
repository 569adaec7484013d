"""What arrives when engines are killed at random while receivers misbehave in every way."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from receiver import Connection, Reply, Request, answer, raw_then_reset, receiving, silence
from tocsin.core.notify import Reason
from tocsin.core.outbox import Status

PROGRAM = Path(__file__).with_name("killed_at_random.py")
#: TOCSIN_CHAOS_ROUNDS makes it longer; TOCSIN_CHAOS_SEED begins with another round, for example the one that failed.
ROUNDS = int(os.environ.get("TOCSIN_CHAOS_ROUNDS", "99"))
SEED = int(os.environ.get("TOCSIN_CHAOS_SEED", "0"))
#: So that several processes share the work. Fewer rounds in one would not show that some messages come twice.
PARTS = 3

#: How an ill receiver answers. After the last one nobody knows whether it has the message.
MOODS: tuple[tuple[Reply, int], ...] = (
    (answer(200), 8),
    (answer(500), 3),
    (answer(429, retry_after="90"), 2),
    (answer(429, retry_after="1"), 1),
    (silence, 1),
    (raw_then_reset(b"HTTP/1.1 2"), 2),
    (raw_then_reset(), 3),
)


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        *(("sqlite", part) for part in range(PARTS)),
        # Some of the same rounds: to connect takes longer than to open a file.
        *(("postgres", part) for part in range(PARTS // 2)),
    ],
)
def test_no_kill_loses_or_swaps_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, stage_url: str
) -> None:
    """However often engines die, every problem and its end arrive, in this order, and each message has one key."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parents[1]))
    rounds = ROUNDS // PARTS
    with receiving() as receiver, receiving() as deaf:
        deaf.deaf = True
        receiver.answers(_moody())
        seeds = (str(SEED + part * rounds), str(rounds))
        command = [
            sys.executable,
            "-W",
            "error",
            str(PROGRAM),
            str(tmp_path),
            stage_url,
            receiver.url,
            deaf.url,
            *seeds,
        ]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, "")

        heard = defaultdict[int, list[Request]](list)
        for request in receiver.requests:
            heard[int(request.target.split("/")[5])].append(request)
    reports = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(reports) == rounds
    for report in reports:
        seed = report["seed"]
        faults = [*_lost(report, heard[seed]), *_swapped(report, heard[seed])]
        assert not faults, f"to see this round alone: TOCSIN_CHAOS_SEED={seed} TOCSIN_CHAOS_ROUNDS={PARTS}"
    # The same message came twice, which is how it shows that an answer was lost or an engine died.
    assert any(number > 1 for number in Counter(one.headers["webhook-id"] for one in receiver.requests).values())


def _moody() -> Reply:
    """Answer each try of each message in a way that depends on nothing else, until all is well."""
    tries = Counter[str]()

    def reply(connection: Connection) -> None:
        assert connection.request is not None
        one = connection.request.target + connection.request.headers["webhook-id"]
        tries[one] += 1
        chance = random.Random(f"{one} {tries[one]}")  # noqa: S311
        moods = MOODS if "/ill/" in one else MOODS[:1]
        replies, weights = zip(*moods, strict=True)
        chosen: Reply = chance.choices(replies, weights)[0]
        chosen(connection)

    return reply


def _lost(report: dict[str, Any], heard: list[Request]) -> list[str]:
    """Return what a channel should have been given and was not, or was given although nobody decided to."""
    decided = {one["id"]: one for one in report["decided"]}
    got = {one.headers["webhook-id"] for one in heard}
    faults = [f"{key} was decided by nobody" for key in got - decided.keys()]
    faults += [
        f"{one} was sent and did not arrive" for key, one in decided.items() if _is(one, Status.SENT) and key not in got
    ]
    faults += [f"{one} waits" for one in decided.values() if _is(one, Status.WAITING)]
    silenced = {
        (one["channel"], one["subject"])
        for one in decided.values()
        if one["reason"] in {Reason.SILENCED, Reason.SNOOZED}
    }
    for channel in ("ops", "mail"):
        texts = [one.json["title"] + one.json["text"] for one in heard if one.target.endswith(channel)]
        faults += [
            f"{channel} did not hear of {name}"
            for name in report["failed"]
            if (channel, name) not in silenced and not any(name in text for text in texts)
        ]
    return faults + (["the spool is not empty"] if report["spool"] else [])


def _swapped(report: dict[str, Any], heard: list[Request]) -> list[str]:
    """Return what came before something that happened earlier to the same alert or group, or is not told as over."""
    decided = {one["id"]: one for one in report["decided"]}
    said = defaultdict[tuple[str, str], dict[str, str]](dict)
    for request in heard:
        one = decided.get(request.headers["webhook-id"])
        if one is not None:
            said[one["channel"], one["about"]].setdefault(one["id"], request.json["tone"])
    faults = []
    for what, tones in said.items():
        order = [decided[key]["seq"] for key in tones]
        if order != sorted(order):
            faults.append(f"{what} came in the order {order}")
        if "good" in tones.values() and list(tones.values())[-1] != "good":
            faults.append(f"{what}: something came after the end: {tones}")
        reasons = {decided[key]["reason"] for key in tones}
        over = decided[next(iter(tones))]["subject"] is not None or Reason.GROUP in reasons
        if over and "good" not in tones.values():
            faults.append(f"{what} never ended")
    return faults


def _is(one: dict[str, Any], status: Status) -> bool:
    return bool(one["status"] == status)
