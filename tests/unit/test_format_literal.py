"""Cleaning and cutting text from outside."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.channels.formats.literal import clean, cut, cut_middle, is_web, moment, one_line

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_clean_leaves_nothing_that_hides(text: str) -> None:
    """After cleaning, no control, format or surrogate character is left but line breaks and tabs."""
    assert {c for c in clean(text) if unicodedata.category(c) in {"Cc", "Cf", "Cs"}} <= {"\n", "\t"}


@given(any_text)
def test_clean_is_done_once(text: str) -> None:
    """Cleaning a second time changes nothing, so the parts of what was taken out never meet."""
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\r\nb\rc\n\td", "a\nb\nc\n\td"),
        # Colours of a traceback go as a whole; only a sequence that hid another leaves its letters.
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b\x1b[31m[31mred", "[31mred"),
        # Spaces of all sorts stay visible gaps.
        ("a\xa0b\u2028c", "a b c"),
        ("gnp\u202eexe\u200b\ufeff\x00", "gnpexe"),
        ("naïve ✓ 漢字 😀", "naïve ✓ 漢字 😀"),
        ("\ud800", ""),
    ],
)
def test_clean(raw: str, shown: str) -> None:
    """What can be read stays, and what only acts goes."""
    assert clean(raw) == shown


@given(any_text)
def test_one_line(text: str) -> None:
    """A title is one line without a margin, whatever it was."""
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


@given(st.text(), st.integers(min_value=0, max_value=200))
def test_cuts_keep_the_limit(text: str, limit: int) -> None:
    """No cut is longer than its limit, and what fits is not touched."""
    for shortened in (cut(text, limit), cut_middle(text, limit)):
        assert len(shortened) <= limit
        assert len(text) > limit or shortened == text


def test_cut_counts_what_it_leaves_out() -> None:
    """A cut says how many characters are missing."""
    assert cut("x" * 2_000, 50) == "x" * 22 + " … 1,978 characters left out"


def test_cut_middle_keeps_both_ends() -> None:
    """Of a long traceback the beginning and the error at the end stay, cut between lines."""
    lines = [f"line {n:04}" for n in range(1_000)]
    shortened = cut_middle("\n".join([*lines, "KeyError: 'id'"]), 200).splitlines()
    assert shortened[:2] == lines[:2]
    assert shortened[-2:] == ["line 0999", "KeyError: 'id'"]
    assert next(line for line in shortened if line not in lines) == "… 9,861 characters left out"


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://example.com/a?b=1&c=%20#d", True),
        ("http://localhost:8080", True),
        ("javascript:alert(1)", False),
        ("https://evil.example|docs", False),
        ("https://evil.example>", False),
        ("https://two words.example", False),
        ("ftp://example.com", False),
        ("", False),
        # Without a host, or with one that cannot be read.
        ("https://", False),
        ("https:///path", False),
        ("https://[broken", False),
        ("https://ok.example:port", False),
    ],
)
def test_is_web(url: str, *, good: bool) -> None:
    """Only a web address that nothing can break out of is offered to click."""
    assert is_web(url) is good


def test_moment_is_utc() -> None:
    """A moment is shown in UTC, whatever zone it came in."""
    berlin = timezone(timedelta(hours=1))
    assert moment(datetime(2026, 11, 23, 0, 30, tzinfo=berlin)) == "2026-11-22 23:30 UTC"
