"""Opsgenie and Jira Service Management: an alert a problem. Both take the same requests at different addresses."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.literal import cut, cut_middle, one_line
from tocsin.channels.formats.subject import subject
from tocsin.channels.formats.text import text
from tocsin.channels.http import post
from tocsin.channels.refusal import excerpt
from tocsin.core.message import Message, Tone
from tocsin.core.outbox import Receipt
from tocsin.core.severity import Severity
from tocsin.errors import DeliveryError

#: Characters that Opsgenie takes.
_MESSAGE, _ALIAS, _DESCRIPTION, _NOTE = 130, 512, 15_000, 25_000
_PLAIN_NOTE = 1_000
_SOURCE = "Tocsin"
_PRIORITIES = {Severity.CRITICAL: "P1", Severity.ERROR: "P2", Severity.WARNING: "P3", Severity.INFO: "P5"}
_ACTIONS = {Tone.GOOD: "close", Tone.ACKNOWLEDGED: "acknowledge"}
#: Opsgenie refuses us, and not the message: status → what to do.
_REFUSED = {
    401: "put the key of an API integration that is switched on into api_key",
    402: "the plan of the account does not include alerts over the API: ask who runs the account",
    403: "put the key of an API integration into api_key, and let that integration create and update alerts",
    422: "put the key of an API integration into api_key: it has the form of no key",
}
_NO_KEY = "key format is not valid"
#: Where HTML sees the begin of a tag.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


class Opsgenie(Channel):
    """Creates, acknowledges and closes alerts, and says in a note what is new.

    The alert's id is the alias. Opsgenie counts a second alert with the alias of an open one and shows nothing of its
    text, so what is new also comes as a note; where somebody has closed the alert, a new one opens.
    """

    type: ClassVar[str] = "opsgenie"
    summary: ClassVar[str] = "Opsgenie and Jira Service Management: an alert a problem, closed with it"
    #: The limit depends on plan and users of the account and is not published as a number.
    min_interval: ClassVar[float] = 1.0
    keeps_open: ClassVar[bool] = True
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="api_key",
            help="Key of an API integration, best one that belongs to the team that is on call.",
            secret=True,
            required=True,
            example="eb243592-…",
        ),
        Field(
            name="api_url",
            help="Opsgenie: https://api.opsgenie.com, for accounts in the EU https://api.eu.opsgenie.com. "
            "Jira Service Management: https://api.atlassian.com/jsm/ops/integration.",
            url=True,
            default="https://api.opsgenie.com",
        ),
    )
    setup: ClassVar[str] = """
        1. In Opsgenie or Jira Service Management open the team that is on call, and its *Integrations*.
        2. Add an integration of the type *API*, let it create and update alerts, switch it on, and copy its *API key*. A
           key from the settings of the account or of a user is another one and is refused.
        3. Write the key into `.dlt/secrets.toml`, and `api_url` into `.dlt/config.toml` unless you have Opsgenie outside
           of the EU:

           ```toml
           [tocsin.channels.ops]
           api_url = "https://api.atlassian.com/jsm/ops/integration"     # Jira Service Management
           ```

        4. Type `tocsin channel test ops`. A test creates an alert, and nothing closes it but you.

        Opsgenie ends on 5 April 2027. After the move to Jira Service Management the same channel goes on with the other
        `api_url` and the key of its integration there; close what is open before you change them.

        ### What is shown

        | Tocsin | Opsgenie, Jira Service Management |
        | --- | --- |
        | a problem is new | an alert; its alias is the id of Tocsin's alert |
        | it has changed or goes on | the alert's count goes up and a note says what is new; where somebody has closed it, a new one opens |
        | acknowledged | acknowledged, with a note |
        | over | closed, with a note |
        | a plain message (`tocsin.notify`) | an alert of its own; nothing closes it |
        | severity critical, error, warning, info | priority P1, P2, P3, P5 |
        | pipeline, environment, kind, owner… | details: for routing rules and policies |

        The priority stays as it was when the alert was created. What is acknowledged or closed there is not told to
        Tocsin. A message that is refused is sent again with nothing but title, alias and priority.

        ### Limits

        - 130 characters of title, 15,000 of description, 512 of alias, 25,000 of a note. Longer texts are cut, and say so;
          the description begins with the whole title.
        - Descriptions are shown as HTML. A `<` that would begin a tag gets a space behind it, so that `<module>` in a
          traceback is shown and nothing from an exception becomes a link.
        - Every request is answered before it is done (202). What becomes of it stands in the integration's logs.
        - How many requests are taken depends on plan and users. Tocsin sends a message a second, and waits when it is
          told to (429).

        Sources: [alert fields](https://docs.opsgenie.com/docs/alerts-and-alert-fields),
        [rate limiting](https://docs.opsgenie.com/docs/api-rate-limiting),
        [answers](https://docs.opsgenie.com/docs/response) of Opsgenie, and
        [integration events](https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v1/api-group-integration-events/)
        of Jira Service Management.
    """  # noqa: E501  # rows of a table

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._api_key = settings["api_key"]
        self._api_url = settings["api_url"].rstrip("/")

    def send(self, outgoing: Outgoing) -> Receipt:
        """Send one request, or two where something is new about an alert that was created before."""
        end = time.monotonic() + outgoing.budget
        for path, body in requests(outgoing):
            headers = {"Content-Type": "application/json", "Authorization": f"GenieKey {self._api_key}"}
            url = f"{self._api_url}/v2/alerts{path}"
            try:
                answer = post(url, json.dumps(body).encode(), headers, budget=end - time.monotonic())
            except DeliveryError as error:
                if refused := _refused_key(error):
                    raise refused from error
                raise
        return Receipt(reference={"alias": _alias(outgoing)}, status=answer.status, answer=excerpt(answer))


def requests(outgoing: Outgoing) -> list[tuple[str, dict[str, object]]]:
    """Return what to post in this order: paths below `/v2/alerts`, and bodies."""
    message = outgoing.message
    alias = quote(_alias(outgoing), safe="")
    note: dict[str, object] = {
        "source": _SOURCE,
        "note": _literal(message, _PLAIN_NOTE if outgoing.plain else _NOTE),
    }
    if message.alert_id and (action := _ACTIONS.get(message.tone)):
        return [(f"/{alias}/{action}?identifierType=alias", note)]
    made: list[tuple[str, dict[str, object]]] = [("", _alert(outgoing))]
    if outgoing.previous and "alias" in outgoing.previous.reference:
        made.append((f"/{alias}/notes?identifierType=alias", note))
    return made


def _alert(outgoing: Outgoing) -> dict[str, object]:
    message = outgoing.message
    made: dict[str, object] = {
        "message": cut(_TAG.sub("< ", one_line(message.title)) or "(no title)", _MESSAGE),
        "alias": _alias(outgoing),
        "priority": _PRIORITIES[message.severity],
    }
    if outgoing.plain:
        return made
    labels = {name: _TAG.sub("< ", word) for name, word in subject(message).labels.items()}
    about = labels.get("pipeline") or labels.get("channel")
    return {
        **made,
        "description": _literal(message, _DESCRIPTION),
        "details": labels,
        "source": _SOURCE,
        **({"entity": about} if about else {}),
    }


def _alias(outgoing: Outgoing) -> str:
    """A plain message has no alert: its own key makes it an alert of its own, also when it is sent twice."""
    return (outgoing.message.alert_id or outgoing.key)[:_ALIAS]


def _literal(message: Message, limit: int) -> str:
    """Return the whole message as text in which HTML sees no tag."""
    # What is added counts too. Cutting cannot join two halves to a tag, as it writes words between them.
    return cut_middle(_TAG.sub("< ", text(message)), limit)


def _refused_key(error: DeliveryError) -> DeliveryError | None:
    """Return what an answer means that is about the key and not about the message; None for all else."""
    hint = _REFUSED.get(error.status or 0)
    if hint is None or (error.status == 422 and _NO_KEY not in error.answer.lower()):  # noqa: PLR2004
        return None
    return DeliveryError(
        f"the key was refused: the answer was {error.status}",
        permanent=True,
        hint=f"{hint}; the key has to be one of the account at api_url",
        status=error.status,
        answer=error.answer,
    )
