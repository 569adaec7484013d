"""Each sample message as Teams, Discord and Telegram get it, as it was looked at."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import discord_limits
import teams_limits
import telegram_limits
from sample_messages import SAMPLES
from tocsin.channels.formats import adaptive_card, discord_embed, telegram_text

Golden = Callable[[str, str], None]
each_sample = pytest.mark.parametrize("name", SAMPLES)


def written(*forms: object) -> str:
    """Return the forms as JSON that can be read."""
    return "\n".join(json.dumps(form, indent=1, ensure_ascii=False) for form in forms)


@each_sample
def test_adaptive_card(name: str, same_as_golden: Golden) -> None:
    """Teams gets a bar of colour with the title, a line a fact, code, buttons and a footer; or all as one text."""
    forms = [adaptive_card.payload(SAMPLES[name]), adaptive_card.payload(SAMPLES[name], plain=True)]
    same_as_golden(f"teams/{name}.json", written(*forms))
    assert [teams_limits.complaints(form) for form in forms] == [[], []]


@each_sample
def test_discord_embed(name: str, same_as_golden: Golden) -> None:
    """Discord gets an embed with a line a fact, code, links and a footer; what is new in short; or all as one text."""
    message = SAMPLES[name]
    forms = [discord_embed.payload(message), discord_embed.news(message), discord_embed.payload(message, plain=True)]
    same_as_golden(f"discord/{name}.json", written(*forms))
    assert [discord_limits.complaints(form) for form in forms] == [[], [], []]


@each_sample
def test_telegram_text(name: str, same_as_golden: Golden) -> None:
    """Telegram gets text with entities and buttons; what is new in short; or all as one block of code."""
    message = SAMPLES[name]
    forms = [telegram_text.payload(message), telegram_text.news(message), telegram_text.payload(message, plain=True)]
    same_as_golden(f"telegram/{name}.json", written(*forms))
    assert [telegram_limits.complaints(form) for form in forms] == [[], [], []]
