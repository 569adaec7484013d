"""PagerDuty: an incident a problem, over the Events API v2."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC
from typing import ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.literal import cut, is_web, one_line
from tocsin.channels.formats.pieces import Limits, Piece, fitting, pieces
from tocsin.channels.formats.subject import subject
from tocsin.channels.http import post
from tocsin.channels.refusal import excerpt
from tocsin.core.message import Message, Tone
from tocsin.core.outbox import Receipt
from tocsin.core.run import Link
from tocsin.errors import DeliveryError

#: Characters that PagerDuty takes.
_SUMMARY, _DEDUP_KEY = 1_024, 255
_LIMITS = Limits(title=_SUMMARY, code=6_000)
#: Characters of all details; of four bytes each they are half of the 512 KB that an event may have.
_TOTAL = 60_000
#: Links, and characters of one.
_LINKS, _URL = 10, 2_000
_ACTIONS = {Tone.GOOD: "resolve", Tone.ACKNOWLEDGED: "acknowledge"}


class PagerDuty(Channel):
    """Triggers, acknowledges and resolves.

    The alert's id is the deduplication key, so a repetition is added to the open incident, and a problem that goes on
    after somebody resolved its incident opens a new one. Nothing has to be kept for that.
    """

    type: ClassVar[str] = "pagerduty"
    summary: ClassVar[str] = "PagerDuty: an incident a problem, acknowledged and resolved with it"
    #: PagerDuty takes about 120 events a minute and integration key.
    min_interval: ClassVar[float] = 0.5
    keeps_open: ClassVar[bool] = True
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="routing_key",
            help="The integration key of a service or of an event orchestration: 32 letters and digits.",
            secret=True,
            required=True,
            example="R03…",
        ),
        Field(
            name="api_url",
            help="Address of the Events API. Accounts in the EU: https://events.eu.pagerduty.com.",
            url=True,
            default="https://events.pagerduty.com",
        ),
    )
    setup: ClassVar[str] = """
        1. In PagerDuty open *Services*, choose the service that your team is on call for, and its tab *Integrations*.
        2. Add an integration of the type *Events API V2*, and copy its *Integration Key*.
        3. Write the key into `.dlt/secrets.toml`; for an account in the EU set `api_url` in `.dlt/config.toml`:

           ```toml
           [tocsin.channels.ops]
           api_url = "https://events.eu.pagerduty.com"
           ```

        4. Type `tocsin channel test ops`. A test triggers an incident, and nothing resolves it but you.

        ### What PagerDuty shows

        | Tocsin | PagerDuty |
        | --- | --- |
        | a problem is new, has changed or goes on | `trigger`; all events about one problem are one incident |
        | acknowledged | `acknowledge` |
        | over | `resolve` |
        | a plain message (`tocsin.notify`) | an incident of its own, with the message's severity: `info` if nothing else is said; nothing resolves it |
        | severity | the same word; with dynamic notifications, `info` and `warning` wake nobody |
        | pipeline, environment, kind | `source`, `group`, `class`: for rules of an event orchestration |

        What is acknowledged or resolved in PagerDuty is not told to Tocsin.
        A message that PagerDuty refuses is sent again with nothing but title, source and severity.

        Before you put in another key, resolve what is open: PagerDuty finds an incident only with the key that
        triggered it.

        ### Limits

        - About 120 events a minute and key. Tocsin sends one every half second, and waits when it is told to (429).
        - 1,024 characters of title, 255 of deduplication key, 512 KB an event. Longer texts are cut, and say so. Of a
          list of facts 25 are sent, and 10 links; the others are counted.

        Source: [PagerDuty's documentation of the Events API v2](https://developer.pagerduty.com/docs/events-api-v2-overview),
        as of August 2026.
    """  # noqa: E501  # rows of a table

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._routing_key = settings["routing_key"]
        self._api_url = settings["api_url"].rstrip("/")

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check the form of the key: a key of PagerDuty's REST API is shorter, and is taken for one easily."""
        if re.fullmatch("[0-9A-Za-z]{32}", settings["routing_key"]):
            return []
        return ["routing_key is not 32 letters and digits; take the integration key of an Events API V2 integration"]

    def send(self, outgoing: Outgoing) -> Receipt:
        """Send the event."""
        body = json.dumps({"routing_key": self._routing_key, **event(outgoing)}, ensure_ascii=False).encode()
        url = f"{self._api_url}/v2/enqueue"
        try:
            answer = post(url, body, {"Content-Type": "application/json"}, budget=outgoing.budget)
        except DeliveryError as error:
            if refused := _refused_key(error):
                raise refused from error
            raise
        return Receipt(status=answer.status, answer=excerpt(answer))


def event(outgoing: Outgoing) -> dict[str, object]:
    """Return the event of the Events API v2 without its `routing_key`.

    A plain message has no alert: its own key makes it an incident of its own, also when it is sent twice.
    """
    message = outgoing.message
    action = _ACTIONS.get(message.tone, "trigger") if message.alert_id else "trigger"
    made: dict[str, object] = {"event_action": action, "dedup_key": (message.alert_id or outgoing.key)[:_DEDUP_KEY]}
    if action != "trigger":
        return made
    labels = subject(message).labels
    payload: dict[str, object] = {
        "summary": cut(one_line(message.title) or "(no title)", _SUMMARY),
        "source": labels.get("pipeline") or labels.get("channel") or "Tocsin",
        "severity": message.severity.value,
    }
    if outgoing.plain:
        return {**made, "payload": payload}
    payload |= {"timestamp": message.at.astimezone(UTC).isoformat(), "custom_details": _details(message)}
    payload |= {name: labels[key] for name, key in (("group", "environment"), ("class", "kind")) if key in labels}
    links = [
        {"href": link.url, "text": cut(one_line(link.label), _LIMITS.label) or "link"}
        for link in message.links
        if _can_be_clicked(link)
    ]
    return {**made, "payload": payload, "links": links[:_LINKS], "client": "Tocsin"}


def _details(message: Message) -> dict[str, str]:
    """Return what is shown as a table under the title; values under one label are put together."""
    clicked = [link for link in message.links if _can_be_clicked(link)]
    said = pieces(message, _LIMITS)
    said += [
        Piece(label=cut(one_line(link.label), _LIMITS.label) or "Link", words=cut(one_line(link.url), _LIMITS.value))
        for link in message.links
        if link not in clicked
    ]
    if len(clicked) > _LINKS:
        said.append(Piece(label="Links", words=f"+{len(clicked) - _LINKS} more"))
    details: dict[str, str] = {}
    for piece in fitting(said, lambda piece: len(piece.label) + len(piece.words), total=_TOTAL):
        label = piece.label or ("Command" if piece.code else "Details")
        details[label] = f"{details[label]}\n{piece.words}" if label in details else piece.words
    return details


def _can_be_clicked(link: Link) -> bool:
    return is_web(link.url) and len(link.url) <= _URL


def _refused_key(error: DeliveryError) -> DeliveryError | None:
    """Return what a 400 means that is about the key and not about the event; None for all else."""
    if error.status != 400 or not re.search("routing.key", error.answer, re.IGNORECASE):  # noqa: PLR2004
        return None
    return DeliveryError(
        "PagerDuty does not know the routing key",
        permanent=True,
        hint="put the integration key of an Events API V2 integration into routing_key, and check that api_url "
        "is that of the account's region",
        status=error.status,
        answer=error.answer,
    )
