"""Links in messages that act: nobody can make or change one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from made import at
from tocsin.core.access import Action
from tocsin.core.action_link import KEY_BYTES, ActionLink, read_token, sign

KEY = bytes(range(KEY_BYTES))
LINK = ActionLink(action=Action.SNOOZE, alert_id="4f2a", channel='o"ps ü \udc80', lapses_at=at(0))
TOKEN = sign(LINK, KEY)


def test_a_link_comes_back_as_it_was_signed() -> None:
    """Names of channels may be any text, and the token needs no escaping in an address."""
    assert read_token(TOKEN, KEY) == LINK
    assert TOKEN.replace(".", "").replace("-", "").replace("_", "").isalnum()


def test_a_link_that_was_changed_is_none() -> None:
    """Whichever character is another one, neither what it says nor its signature is taken."""
    for place, letter in enumerate(TOKEN):
        changed = TOKEN[:place] + ("B" if letter != "B" else "C") + TOKEN[place + 1 :]
        # The last characters of base64 hold bits that mean nothing.
        assert read_token(changed, KEY) in {None, LINK}
        assert read_token(changed, KEY) is None or place in {TOKEN.index(".") - 1, len(TOKEN) - 1}


@pytest.mark.parametrize("token", ["", ".", "a", "é.é", TOKEN.partition(".")[0], TOKEN.partition(".")[2], f"{TOKEN}.a"])
def test_what_is_no_link_is_none(token: str) -> None:
    """Anything can stand in an address."""
    assert read_token(token, KEY) is None


def test_the_signature_of_another_link_does_not_fit() -> None:
    """What one link may do, and what another key has signed, says nothing of this one."""
    other = sign(replace(LINK, alert_id="4f2b"), KEY)
    assert read_token(f"{TOKEN.partition('.')[0]}.{other.partition('.')[2]}", KEY) is None
    assert read_token(TOKEN, bytes(KEY_BYTES)) is None
