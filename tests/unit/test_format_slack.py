"""Whatever a message holds, Slack takes it and shows it literally."""

from __future__ import annotations

import dataclasses

from hypothesis import HealthCheck, given, settings

from any_messages import messages
from sample_messages import FAILED, HOSTILE, LONG, NOTE
from slack_limits import LIVE, complaints
from tocsin.channels.formats import block_kit
from tocsin.channels.formats.terminal import terminal
from tocsin.channels.formats.text import text
from tocsin.core.message import Code, Message


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(messages)
def test_any_message_is_within_the_limits(message: Message) -> None:
    """No message, however long or hostile, breaks Slack's limits or carries live markup."""
    forms = [block_kit.payload(message), block_kit.payload(message, plain=True), block_kit.reply(message)]
    assert [complaints(form) for form in forms] == [[], [], []]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(messages)
def test_any_message_can_be_written_as_text(message: Message) -> None:
    """Text and terminal take every message and let no escape sequence through."""
    for written in (text(message), terminal(message)):
        assert written.encode()
        assert "\x1b" not in written


def test_the_limits_see_live_markup() -> None:
    """The check itself finds what it is there to find."""
    live = block_kit.payload(FAILED) | {"text": "<!channel> look"}
    assert complaints(live) == ["live markup in text"]
    assert LIVE.search("<https://evil.example|docs>")


def test_code_is_literal() -> None:
    """Fences, pings and spacing in code arrive as they are, without escapes."""
    payload = block_kit.payload(dataclasses.replace(NOTE, blocks=(Code(code="```<!channel> & \tx"),)))
    shown = payload["attachments"][0]["blocks"][0]["elements"][0]  # type: ignore[index]
    assert shown == {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "```<!channel> &     x"}]}


def test_what_is_left_out_is_counted() -> None:
    """A message with too many facts and links says how many more there are."""
    shown = str(block_kit.payload(LONG))
    assert "+85 more" in shown
    assert "+13 more" in shown


def test_a_link_that_is_none_is_shown_as_text() -> None:
    """An address that could run code or end early is text and cannot be clicked."""
    shown = str(block_kit.payload(HOSTILE))
    assert "{'type': 'text', 'text': 'Run: javascript:alert(1)'}" in shown
    assert "'url': 'javascript" not in shown


def test_nothing_is_unfurled_or_linked_by_name() -> None:
    """Slack is told to fetch no previews and to make no names of words."""
    for form in (block_kit.payload(FAILED), block_kit.payload(FAILED, plain=True), block_kit.reply(FAILED)):
        assert [form[key] for key in ("unfurl_links", "unfurl_media", "link_names", "mrkdwn")] == [False] * 4
