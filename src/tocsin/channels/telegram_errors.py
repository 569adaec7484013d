"""What Telegram's errors mean for the message and for the channel.

Telegram has no names for its errors, so they are told apart by their descriptions, as its own server has them
(https://github.com/tdlib/telegram-bot-api). `parameters` is documented:
https://core.telegram.org/bots/api#responseparameters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tocsin.errors import DeliveryError

_ADD = "add the bot to the chat, and let it write there"
_TOKEN = "put the bot's token, as @BotFather gives it, into the channel's settings"  # noqa: S105
_TOPIC = "open the topic in Telegram, or set another topic_id"
#: Telegram refuses us, whatever we send; part of a description, in lower case → what to do. The first one counts.
_REFUSED = {
    "unauthorized": _TOKEN,
    "chat not found": "check chat_id (groups have negative numbers), and add the bot to the chat",
    "bot was blocked": "unblock the bot in Telegram, and start it again",
    "user is deactivated": "configure the chat_id of somebody who is there",
    "can't initiate conversation": "open the bot in Telegram and press Start: it may not write first",
    "bot was kicked": _ADD,
    "not a member": _ADD,
    "not enough rights": _ADD,
    "no rights to send": _ADD,
    "chat_write_forbidden": _ADD,
    "administrator rights": "make the bot an administrator of the channel, and let it post",
    "message thread not found": _TOPIC,
    "topic_closed": _TOPIC,
    "topic_deleted": _TOPIC,
}
#: Telegram's answer to an address with a token that is none.
_NO_SUCH_BOT = 404
#: The message to change is not there any more, or is not to be changed.
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid", "upgraded to a supergroup")


def explain(error: DeliveryError) -> None:
    """Add to the error what Telegram's description says about it."""
    if error.status == _NO_SUCH_BOT:
        error.hint = _TOKEN
    for words, hint in _REFUSED.items():
        if words in _description(error):
            error.permanent, error.payload, error.hint = True, False, hint
            return


def is_gone(error: DeliveryError) -> bool:
    """Tell whether the message that was to be changed cannot be."""
    return any(words in _description(error) for words in _GONE)


def is_done_already(error: DeliveryError) -> bool:
    """Tell whether the message says already what it was to say: the change has arrived at an earlier try."""
    return "message is not modified" in _description(error)


def new_chat(error: DeliveryError) -> str:
    """Return the id of the supergroup that a group has become, or an empty string."""
    parameters = _said(error).get("parameters")
    return str(parameters.get("migrate_to_chat_id", "")) if isinstance(parameters, dict) else ""


def _description(error: DeliveryError) -> str:
    return str(_said(error).get("description", "")).lower()


def _said(error: DeliveryError) -> Mapping[str, object]:
    try:
        said = json.loads(error.answer)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
