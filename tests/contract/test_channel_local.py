"""Channels that end on this machine: a file and a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
import threading
from pathlib import Path

import pytest

from sample_messages import FAILED, HOSTILE, NOTE
from tocsin.channels.base import Outgoing
from tocsin.channels.formats.event import event
from tocsin.channels.formats.terminal import terminal
from tocsin.channels.formats.text import text
from tocsin.channels.registry import make_channel
from tocsin.errors import DeliveryError

OUTGOING = Outgoing(key="m1", message=FAILED)


def test_file_gets_a_line_each(tmp_path: Path) -> None:
    """Every message is one line of JSON, in a folder that is made for it."""
    path = tmp_path / "new" / "alerts.jsonl"
    channel = make_channel("file", {"path": str(path)})
    receipt = channel.send(OUTGOING)
    channel.send(Outgoing(key="m2", message=HOSTILE))
    lines = path.read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["m1", "m2"]
    assert json.loads(lines[0]) == event(OUTGOING)
    assert receipt.answer == f"{len(lines[0]) + 1} bytes appended to {path}"


def test_file_as_text(tmp_path: Path) -> None:
    """As text, messages are what a person reads, with an empty line between them."""
    path = tmp_path / "alerts.txt"
    channel = make_channel("file", {"path": str(path), "format": "text"})
    channel.send(OUTGOING)
    channel.send(Outgoing(key="m2", message=NOTE))
    assert path.read_text(encoding="utf-8") == f"{text(FAILED)}\n\n{text(NOTE)}\n\n"


def test_file_is_shared(tmp_path: Path) -> None:
    """Writers at the same time never mix their lines."""
    path = tmp_path / "alerts.jsonl"
    writers = [
        threading.Thread(target=lambda: [make_channel("file", {"path": str(path)}).send(OUTGOING) for _ in range(20)])
        for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["m1"] * 80


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A path that is a folder is told with what to check, and tried again."""
    with pytest.raises(DeliveryError) as caught:
        make_channel("file", {"path": str(tmp_path)}).send(OUTGOING)
    assert str(caught.value) == f"{tmp_path} cannot be written: Is a directory"
    assert caught.value.hint == "check the folder's rights and the space on the disk, or set another path"
    assert not caught.value.permanent


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_disk_that_is_full() -> None:
    """A full disk is an error that passes."""
    with pytest.raises(DeliveryError, match="/dev/full cannot be written: No space left on device") as caught:
        make_channel("file", {"path": "/dev/full"}).send(OUTGOING)
    assert not caught.value.permanent


def test_disk_that_takes_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that was written in part was not delivered."""
    monkeypatch.setattr(os, "write", lambda *_: 3)
    with pytest.raises(DeliveryError, match=r"took 3 of \d+ bytes"):
        make_channel("file", {"path": str(tmp_path / "a")}).send(OUTGOING)


@pytest.mark.parametrize("stream", ["stderr", "stdout"])
def test_terminal_prints(stream: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no terminal gets the message without colours."""
    receipt = make_channel("terminal", {"stream": stream}).send(OUTGOING)
    printed = capsys.readouterr()
    assert getattr(printed, "err" if stream == "stderr" else "out") == f"{terminal(FAILED)}\n\n"
    assert receipt.answer == f"printed to {stream}"


def test_terminal_as_a_file(tmp_path: Path) -> None:
    """A path is appended to."""
    make_channel("terminal", {"stream": str(tmp_path / "tty")}).send(OUTGOING)
    assert (tmp_path / "tty").read_text(encoding="utf-8") == f"{terminal(FAILED)}\n\n"


@pytest.mark.parametrize(
    ("variable", "value", "coloured"), [("TERM", "xterm", True), ("TERM", "dumb", False), ("NO_COLOR", "1", False)]
)
def test_colour_on_a_terminal(variable: str, value: str, monkeypatch: pytest.MonkeyPatch, *, coloured: bool) -> None:
    """A real terminal gets colours, unless it cannot show them or nobody wants them."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv(variable, value)
    main, side = pty.openpty()
    try:
        make_channel("terminal", {"stream": os.ttyname(side)}).send(Outgoing(key="m1", message=NOTE))
        assert os.read(main, 4096).startswith(b"\x1b[1;34m" if coloured else "●".encode())
    finally:
        os.close(main)
        os.close(side)


def test_terminal_that_knows_ascii_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs that a stream cannot write become question marks and no error."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    make_channel("terminal", {"stream": "stdout"}).send(OUTGOING)
    stream.seek(0)
    assert stream.read().startswith("? orders failed")


@pytest.mark.parametrize("broken", [None, "closed"])
def test_process_without_a_terminal(broken: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has no streams, or closed ones, is told so."""
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream if broken else None)
    with pytest.raises(DeliveryError, match="stderr cannot be written: ") as caught:
        make_channel("terminal", {}).send(OUTGOING)
    assert caught.value.hint == "set stream to stderr, stdout or a path"


def test_terminal_that_is_not_there() -> None:
    """A path that cannot be opened is told with the reason."""
    with pytest.raises(DeliveryError, match="/nowhere/tty cannot be written: No such file or directory"):
        make_channel("terminal", {"stream": "/nowhere/tty"}).send(OUTGOING)
