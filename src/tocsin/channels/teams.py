"""Microsoft Teams, over a workflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats import adaptive_card
from tocsin.channels.http import post
from tocsin.channels.refusal import excerpt
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

_CODE = re.compile(r'"code": ?"(\w+)"')
_COPY = "copy the address anew from the workflow's trigger, the whole of it: its end is the key"
#: The workflow refuses us, whatever we send; some of these come with the status 400.
#: Sources: https://learn.microsoft.com/azure/logic-apps/logic-apps-http-endpoint and issues of other senders.
_REFUSED = {
    "AuthorizationFailed": _COPY,
    "DirectApiAuthorizationRequired": "let anyone trigger the workflow, or copy the address anew if its end is missing",
    "DirectApiRequestHasMoreThanOneAuthorization": _COPY,
    "MissingApiVersionParameter": _COPY,
    "TriggerInputSchemaMismatch": 'make the workflow from the template "Send webhook alerts to a channel"',
    "WorkflowNotFound": "the workflow was removed: make a new one and put its address into the channel's settings",
    "WorkflowTriggerIsNotEnabled": "turn the workflow on, in the Workflows app of Teams",
}


class Teams(Channel):
    """Posts every message anew: a workflow does not say where a message went, so it cannot be changed."""

    type: ClassVar[str] = "teams"
    summary: ClassVar[str] = "Microsoft Teams: cards in a channel or a chat, over a workflow"
    #: learn.microsoft.com, webhooks of Teams: no more than four requests a second.
    min_interval: ClassVar[float] = 1.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="webhook_url",
            help="Address of a workflow's trigger. Anybody who knows it can post, so it is a secret as a whole.",
            url=True,
            secret=True,
            required=True,
            example="https://….environment.api.powerplatform.com/powerautomate/automations/direct/workflows/…",
        ),
    )
    setup: ClassVar[str] = """
        1. In Teams, open the menu of the channel or chat and choose *Workflows*.
        2. Choose the template *Send webhook alerts to a channel* (or *… to a chat*). In Power Automate it is called
           *Post to a channel when a webhook request is received*.
        3. Sign in, choose the team and the channel, and *Add workflow*.
        4. Copy the address, the whole of it, into `.dlt/secrets.toml`, and try it with `tocsin channel test ops`.
           Later it can be had from the workflow's trigger, *When a Teams webhook request is received*.

        A workflow belongs to whoever made it: add a co-owner, or it stops when that person leaves. Whoever knows the
        address can post, so treat it like a password.

        ### If nothing appears

        Teams answers 202 when a message is queued, and says nothing of what becomes of it. If `tocsin channel test`
        succeeds and no message appears, look at the run history of the workflow. Most often the workflow may not post
        there: into private channels it posts only in the name of a person (*Post as: User*).

        ### Links and limits

        - The first six links are buttons, as many as Teams shows. The others stand in the text.
        - Everything from outside is shown as it is. Nothing in an exception can mention anybody, hide a link or format
          text.
        - A message of Teams holds [28 KB](https://learn.microsoft.com/connectors/teams/), with all that Teams adds. A
          card has less than 20 KB. What is left out is counted, and long tracebacks lose their middle.
        - Teams takes [four requests a second][webhooks]. Tocsin sends one. How many workflows may run in a day depends
          on the licence for Power Automate.
        - A workflow cannot change a message, so a repeat or a recovery is one more message.
        - Addresses of Office 365 connectors (`webhook.office.com`) are refused: Microsoft has retired them.

        [webhooks]: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
        """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._url = settings["webhook_url"]

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check that the address is that of a workflow and not of a connector, which answers no more."""
        if (urlsplit(settings["webhook_url"]).hostname or "").endswith("webhook.office.com"):
            return [
                "webhook_url is that of an Office 365 connector, which Microsoft has retired; make a workflow instead"
            ]
        return []

    def send(self, outgoing: Outgoing) -> Receipt:
        """Post the message."""
        body = adaptive_card.encode(adaptive_card.payload(outgoing.message, plain=outgoing.plain))
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            answer = post(self._url, body, headers, budget=outgoing.budget)
        except DeliveryError as error:
            code = _CODE.search(error.answer)
            if code and code[1] in _REFUSED:
                error.permanent, error.payload, error.hint = True, False, _REFUSED[code[1]]
            raise
        return Receipt(status=answer.status, answer=excerpt(answer))
