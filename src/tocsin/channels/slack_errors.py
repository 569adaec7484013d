"""What Slack's error names mean for the message and for the channel.

Sources: docs.slack.dev, errors of `chat.postMessage`, `chat.update` and of incoming webhooks.
"""

from __future__ import annotations

from tocsin.channels.refusal import Answer, excerpt, retry_after
from tocsin.errors import DeliveryError

_NEW_TOKEN = "put a new bot token into the channel's settings (api.slack.com/apps, OAuth & Permissions)"  # noqa: S105
_NEW_HOOK = "make a new webhook for a channel that exists (api.slack.com/apps, Incoming Webhooks)"
_ANOTHER = "unarchive the channel in Slack, or configure another one"
_ASK = "ask an administrator of the workspace to allow the app to post there"

#: Slack refuses us: error → what the person who runs the channel should do.
REFUSED = {
    "access_denied": _ASK,
    "account_inactive": _NEW_TOKEN,
    "action_prohibited": _ASK,
    "channel_is_archived": _ANOTHER,
    "channel_not_found": "check the channel's id, and invite the app if the channel is private: /invite @APP",
    "ekm_access_denied": _ASK,
    "invalid_auth": _NEW_TOKEN,
    "invalid_token": _NEW_HOOK,
    "is_archived": _ANOTHER,
    "missing_scope": "give the app the scope chat:write, and install it again",
    "no_active_hooks": _NEW_HOOK,
    "no_permission": "give the app the scope chat:write, and install it again",
    "no_service": _NEW_HOOK,
    "no_service_id": _NEW_HOOK,
    "no_team": _NEW_HOOK,
    "not_authed": _NEW_TOKEN,
    "not_in_channel": "invite the app into the channel: /invite @APP",
    "org_login_required": _ASK,
    "posting_to_general_channel_denied": _ASK,
    "restricted_action": _ASK,
    "team_access_not_granted": _ASK,
    "team_disabled": _NEW_HOOK,
    "token_expired": _NEW_TOKEN,
    "token_revoked": _NEW_TOKEN,
}
#: Slack refuses the message.
_PAYLOAD = frozenset(
    {
        "cannot_parse_attachment",
        "invalid_arguments",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)
#: The message to update or to answer is not there any more, or is closed.
GONE = frozenset(
    {
        "cannot_reply_to_message",
        "cant_update_message",
        "edit_window_closed",
        "message_not_found",
        "restricted_action_thread_locked",
        "thread_not_found",
    }
)
#: Something went wrong in the middle: the message may have been posted.
_UNKNOWN = frozenset({"fatal_error", "internal_error", "request_timeout"})


def web_api_error(answer: Answer, now: float) -> DeliveryError | None:
    """Return the error in an answer of Slack's Web API, which says 200 to failures too; None for a success.

    An error that is not known here is tried again until the message is too old: nobody knows whether that helps,
    and a channel that is disabled by mistake loses all its messages.
    """
    if answer.json.get("ok") is True:
        return None
    kept = excerpt(answer)
    error = answer.json.get("error")
    if not isinstance(error, str):
        msg = "Slack took the message and gave no answer that can be read"
        return DeliveryError(msg, permanent=False, ambiguous=True, status=answer.status, answer=kept)
    refused = error in REFUSED
    return DeliveryError(
        f"Slack answered {error}",
        permanent=refused or error in _PAYLOAD,
        payload=error in _PAYLOAD,
        ambiguous=error in _UNKNOWN,
        retry_after=retry_after(answer, now),
        hint=REFUSED.get(error, ""),
        status=answer.status,
        answer=kept,
    )
