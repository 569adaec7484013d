"""Redaction against texts as pipelines write them: every secret goes, every other text stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tocsin.core.redact import Redactor

CORPUS = Path(__file__).parents[1] / "corpus"


def lines(name: str) -> list[str]:
    """Return the texts of a corpus file: one a line, without comments."""
    text = (CORPUS / name).read_text(encoding="utf-8")
    return [line.replace("⏎", "\n") for line in text.splitlines() if line and not line.startswith("#")]


SECRETS = lines("secrets.txt")
HARMLESS = lines("harmless.txt")


@pytest.mark.parametrize("marked", SECRETS)
def test_every_secret_goes(marked: str) -> None:
    """No marked secret, nor a half of one, is left in a text."""
    clean = Redactor()(re.sub("[«»]", "", marked))
    for secret in re.findall("«(.*?)»", marked, re.DOTALL):
        halves = secret, secret[: (len(secret) + 1) // 2], secret[len(secret) // 2 :]
        assert not [half for half in halves if half in clean], clean
    assert "[secret]" in clean


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay(text: str) -> None:
    """A text without a secret comes out as it went in."""
    assert Redactor()(text) == text


@pytest.mark.parametrize("text", [re.sub("[«»]", "", marked) for marked in SECRETS])
def test_twice_is_once(text: str) -> None:
    """A text that is clean already is left alone."""
    clean = Redactor()(text)
    assert Redactor()(clean) == clean


@pytest.mark.parametrize("name", ["secrets.txt", "harmless.txt"])
def test_surroundings_do_not_matter(name: str) -> None:
    """All lines of a corpus file in one text come out as they do one by one."""
    texts = [re.sub("[«»]", "", line) for line in lines(name)]
    assert Redactor()("\n".join(texts)) == "\n".join(map(Redactor(), texts))


def test_corpus_is_large_enough() -> None:
    """The corpus keeps at least the size that its recall was stated for."""
    assert len(SECRETS) >= 60
    assert len(HARMLESS) >= 40
