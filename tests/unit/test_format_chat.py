"""Whatever a message holds, Teams, Discord and Telegram take it and show it literally."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import discord_limits
import teams_limits
import telegram_limits
from any_messages import messages, nasty
from sample_messages import AT, FAILED, HOSTILE, LONG, NOTE
from tocsin.channels.formats import adaptive_card, discord_embed, telegram_text
from tocsin.core.message import Code, Fact, Facts, Message, Paragraph, Tone
from tocsin.core.run import Link

any_message = settings(suppress_health_check=[HealthCheck.too_slow])


def saying(*words: str) -> Message:
    """Return a message of paragraphs."""
    return dataclasses.replace(NOTE, blocks=tuple(Paragraph(text=each) for each in words))


def linking(*urls: str) -> Message:
    """Return a message of links."""
    links = tuple(Link(label=f"Log {n}", url=url) for n, url in enumerate(urls, 1))
    return Message(title="done", tone=Tone.GOOD, links=links, at=AT)


def embed(message: Message) -> dict[str, Any]:
    """Return the one embed of a message for Discord."""
    return discord_embed.payload(message)["embeds"][0]  # type: ignore[index, no-any-return]


def card(message: Message) -> dict[str, Any]:
    """Return the card of a message for Teams."""
    return adaptive_card.payload(message)["attachments"][0]["content"]  # type: ignore[index, no-any-return]


@any_message
@given(messages)
def test_any_message_is_a_card(message: Message) -> None:
    """No message, however long or hostile, makes a card that Teams would lose, or that holds live markup."""
    forms = [adaptive_card.payload(message), adaptive_card.payload(message, plain=True)]
    assert [teams_limits.complaints(form) for form in forms] == [[], []]


@any_message
@given(messages)
def test_any_message_is_an_embed(message: Message) -> None:
    """No message, however long or hostile, breaks Discord's limits, pings anybody or carries live markup."""
    forms = [discord_embed.payload(message), discord_embed.news(message), discord_embed.payload(message, plain=True)]
    assert [discord_limits.complaints(form) for form in forms] == [[], [], []]


@any_message
@given(messages)
def test_any_message_is_text_for_telegram(message: Message) -> None:
    """No message, however long or hostile, breaks Telegram's limits or has a word in it that can be clicked."""
    forms = [telegram_text.payload(message), telegram_text.news(message), telegram_text.payload(message, plain=True)]
    assert [telegram_limits.complaints(form) for form in forms] == [[], [], []]


@pytest.mark.parametrize(
    "fill", ["a", "@ab cd @ef gh @ij ", "😀", "漢", "*", "`", '"', "\\", "1.\n", "https://ok.example/ "]
)
@pytest.mark.parametrize("length", [1, 19, 400, 5_000])
def test_the_fullest_message(fill: str, length: int) -> None:
    """A message that fills every place stays within the limits, whatever a character costs."""
    words = (fill * length)[:length].strip()
    facts = Facts(items=(Fact(label=words, value=words),) * 40)
    links = [Link(label=words, url=f"https://ok.example/{n}{'x' * (length % 450)}") for n in range(20)]
    message = Message(
        title=words,
        tone=Tone.ERROR,
        blocks=(facts, Paragraph(text=words, label=words), Code(code=words, label=words)) * 2,
        links=(*links, *(Link(label=words, url=words) for _ in range(20))),
        footer=words,
        at=AT,
    )
    for plain in (False, True):
        assert teams_limits.complaints(adaptive_card.payload(message, plain=plain)) == []
        assert discord_limits.complaints(discord_embed.payload(message, plain=plain)) == []
        assert telegram_limits.complaints(telegram_text.payload(message, plain=plain)) == []


@given(nasty)
def test_discord_shows_what_was_said(words: str) -> None:
    """What Discord makes of an escaped text is the text."""
    assert discord_limits.shown(discord_embed.escape(words)) == words
    assert discord_limits.live_markup(discord_embed.escape(words)) == ""


@pytest.mark.parametrize(
    ("words", "live"),
    [
        ("<@123>", "<"),
        ("a *b*", "*"),
        ("see https://evil.example", "://"),
        ("[docs](javascript:x)", "["),
        (":smile:", ":smile:"),
        ("a\n- b", "\n- "),
        ("1. b", "1. "),
        ("```\na``b\n```", "a fence in code"),
        (r"\*", ""),
        ("**Why** a [Log](https://ok.example)", ""),
    ],
)
def test_the_check_sees_live_markup(words: str, live: str) -> None:
    """The check for Discord finds what it is there to find."""
    assert discord_limits.live_markup(words).strip("\n") == live.strip("\n")


@pytest.mark.parametrize("words", ["@ops", "#general", "$USD", "/start", "evil.example", "tg://x", "a@evil.example"])
def test_the_check_sees_what_can_be_clicked(words: str) -> None:
    """The check for Telegram finds what it is there to find, unless it is code."""
    sent: dict[str, Any] = {"text": words, "entities": [], "link_preview_options": {"is_disabled": True}}
    assert telegram_limits.complaints(sent) != []
    sent["entities"] = [{"type": "code", "offset": 0, "length": len(words)}]
    assert telegram_limits.complaints(sent) == []


def test_the_check_sees_a_bad_card() -> None:
    """The check for Teams finds an element that is none, one that reads Markdown, and a card that is too large."""
    good = adaptive_card.payload(FAILED)
    for element, complaint in (
        ({"type": "RichTextBlock"}, "is not valid under any of the given schemas"),
        ({"type": "TextBlock", "text": "*a*"}, "TextBlock is not known"),
        ({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "x" * 20_000}]}, "bytes"),
    ):
        content = {**card(FAILED), "body": [element]}
        bad = {**good, "attachments": [{**good["attachments"][0], "content": content}]}  # type: ignore[index]
        assert any(complaint in found for found in teams_limits.complaints(bad)), element


def test_words_that_could_be_clicked_are_code() -> None:
    """Telegram gets such words as code, and the words around them as they are."""
    sent = telegram_text.payload(saying("ask @ops about 😀 orders.py, version 1.5"))
    text = str(sent["text"])
    code = [entity for entity in sent["entities"] if entity["type"] == "code"]  # type: ignore[attr-defined]
    units = text.encode("utf-16-le")
    found = [units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le") for e in code]
    assert found == ["@ops", "orders.py,"]
    assert "ask @ops about 😀 orders.py, version 1.5" in text


def test_many_words_that_could_be_clicked_are_one_piece_of_code() -> None:
    """A text that is full of them takes one entity, as Telegram takes a hundred in a message."""
    sent = telegram_text.payload(saying("@a1 @b2 @c3 and @d4"))
    assert [e["length"] for e in sent["entities"] if e["type"] == "code"] == [19]  # type: ignore[attr-defined]


def test_a_function_for_dates_is_broken_up() -> None:
    """Teams would put a date of its own into the text; all other braces stay as they are."""
    shown = teams_limits.shown(adaptive_card.payload(saying("{{DATE(2026-11-23T05:08:09Z)}} {{ ds }} {{DATE}}")))
    assert "{\u2060{DATE(2026-11-23T05:08:09Z)}} {{ ds }} {{DATE}}" in shown


def test_code_keeps_its_indentation() -> None:
    """Teams gets spaces at the beginning of a line that a web page does not swallow."""
    shown = teams_limits.shown(adaptive_card.payload(dataclasses.replace(NOTE, blocks=(Code(code="if a:\n    b  c"),))))
    assert "if a:\n\u00a0\u00a0\u00a0\u00a0b  c" in shown


def test_backticks_do_not_end_a_block_of_code() -> None:
    """Discord knows no escapes in code, so that backticks are held apart."""
    description = embed(dataclasses.replace(NOTE, blocks=(Code(code="````\n@everyone `a`"),)))["description"]
    assert description == "```\n`\u200b`\u200b`\u200b`\n@everyone `a`\n```"


def test_links_are_offered_to_click() -> None:
    """Teams and Telegram get buttons, Discord links, for addresses that are safe to click."""
    urls = [
        "https://airflow.example.com/dags/orders/grid?run=2026-11-23",
        "https://tocsin.example.com/a/3f2a?token=abc",
    ]
    assert [action["url"] for action in card(FAILED)["actions"]] == urls
    keyboard = telegram_text.payload(FAILED)["reply_markup"]["inline_keyboard"]  # type: ignore[index]
    assert [button["url"] for row in keyboard for button in row] == urls
    assert embed(FAILED)["description"].endswith(f"[Log]({urls[0]}) · [Acknowledge]({urls[1]})")


def test_a_link_that_is_none_is_text() -> None:
    """An address that could run code or end early cannot be clicked, and can be read."""
    assert [action["url"] for action in card(HOSTILE)["actions"]] == ["https://ok.example/?a=1&b=2"]
    assert "Run  javascript:alert(1)" in teams_limits.shown(adaptive_card.payload(HOSTILE))
    assert "**Run** javascript\\:alert\\(1\\)" in embed(HOSTILE)["description"]
    assert "Run  javascript:alert(1)" in str(telegram_text.payload(HOSTILE)["text"])


def test_a_button_to_a_host_without_a_dot_is_text() -> None:
    """Telegram refuses the whole message for such a button, so that the address is shown as code."""
    sent = telegram_text.payload(linking("http://localhost:8080/alerts/1", "https://ok.example"))
    assert sent["reply_markup"] == {"inline_keyboard": [[{"text": "Log 2", "url": "https://ok.example"}]]}
    assert "Log 1  http://localhost:8080/alerts/1" in str(sent["text"])
    assert telegram_limits.complaints(sent) == []


def test_brackets_in_an_address_do_not_end_a_link() -> None:
    """Discord ends a link at the first bracket, so that brackets in an address are encoded."""
    assert embed(linking("https://ok.example/(a)"))["description"] == "[Log 1](https://ok.example/%28a%29)"


def test_what_is_left_out_is_counted() -> None:
    """Facts and links for which there is no room are counted, and the traceback keeps its end."""
    shown = [
        teams_limits.shown(adaptive_card.payload(LONG)),
        embed(LONG)["description"],
        str(telegram_text.payload(LONG)["text"]),
    ]
    assert ["+85 more" in shown[0], "+98 more" in shown[1], "+98 more" in shown[2]] == [True] * 3
    assert all("characters left out" in each and "line 2000, in build" in each for each in shown)


def test_news_is_short() -> None:
    """What is new is the title and the first four facts."""
    text = str(telegram_text.news(FAILED)["text"]).splitlines()
    assert text[0] == "✕ orders failed: the API of the shop is not available"
    assert [line.split()[0] for line in text[1:]] == ["What", "When", "Why", "Since"]
    description = discord_embed.news(FAILED)["embeds"][0]["description"]  # type: ignore[index]
    assert len(description.splitlines()) == 4
