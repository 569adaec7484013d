"""Alertmanager: an alert a problem, which it groups, silences and sends on by its own configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.literal import cut, is_web, one_line
from tocsin.channels.formats.subject import Subject, subject
from tocsin.channels.formats.text import text
from tocsin.channels.http import post
from tocsin.channels.refusal import excerpt
from tocsin.core.duration import parse_duration
from tocsin.core.message import Tone
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

#: Labels that stay the same over the life of a problem. What happens to it (its kind) stands in the annotations.
_LABELS = ("severity", "pipeline", "channel", "environment", "table", "owner")
#: Characters. Alertmanager has no limit of its own; what it sends on to mostly has.
_SUMMARY, _DESCRIPTION = 300, 8_000
#: An end that lies in Alertmanager's future, because its clock is behind ours, leaves the alert as it is (seen with
#: 0.25), so the end of a problem is told as so much earlier.
_SKEW = timedelta(minutes=1)
#: A plain message has no end that could be told. This is longer than Alertmanager waits before it sends, and shorter
#: than it waits before it repeats.
_PLAIN_LASTS = timedelta(hours=1)
#: What to do where the address is none of Alertmanager's (404, 405).
_ELSEWHERE = "set url to where Alertmanager answers, with its path prefix if it has one; URL/api/v2/status has to exist"


class Alertmanager(Channel):
    """Posts alerts to the API v2.

    Alertmanager knows an alert by its labels. Those under which it was posted last are kept, so that a problem ends
    under the labels under which it began; where they change (the severity), the alert ends under the old ones in the
    request in which it goes on under the new ones.
    """

    type: ClassVar[str] = "alertmanager"
    summary: ClassVar[str] = "Alertmanager: an alert a problem, grouped and sent on by its own routes"
    #: Alertmanager limits nothing.
    min_interval: ClassVar[float] = 0.0
    grouped: ClassVar[bool] = False
    keeps_open: ClassVar[bool] = True
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="url",
            help="Address of Alertmanager, with its path prefix if it has one. "
            "A user name and password in it are sent as basic authorization.",
            url=True,
            secret=True,
            required=True,
            example="http://alertmanager.internal:9093",
        ),
        Field(
            name="authorization",
            help="Sent as the Authorization header, where a proxy asks for a token.",
            secret=True,
            example="Bearer 3f2a…",
        ),
        Field(
            name="ends_after",
            help="When an alert ends at Alertmanager that Tocsin has said nothing more about. "
            "Longer than `repeat_every`, and longer than acknowledged problems last.",
            default="7d",
        ),
    )
    setup: ClassVar[str] = """
        1. Write the address into `.dlt/secrets.toml`, as it may hold a password.
        2. Let a route of Alertmanager take Tocsin's alerts, for example all of one environment:

           ```yaml
           route:
             routes:
               - matchers: ['alertname=~"Tocsin.*"', 'environment="prod"']
                 group_by: [alertname, environment]
                 receiver: data-team
           ```

        3. Type `tocsin channel test ops`, and look at Alertmanager's page. The test ends after an hour.

        A cluster of Alertmanagers does not share alerts: configure one channel for each member, with its own address and
        not that of a load balancer. They take care that people hear once.

        ### What Alertmanager gets

        | part | what is in it |
        | --- | --- |
        | label `alertname` | `Tocsin` and the topic: `TocsinDelivery` for a pipeline that does not deliver, `TocsinChannel` for a channel; `TocsinMessage` for a plain message (`tocsin.notify`) |
        | label `alert_id` | Tocsin's own id, another one each time that a problem comes back; leave it out of `group_by` and of silences |
        | labels `severity`, `pipeline`, `channel`, `environment`, `table`, `owner` | as far as they are known |
        | annotations `summary`, `description` | the title, and the whole message |
        | `startsAt` | since when the problem is there |
        | `generatorURL` | the first link, mostly the log |

        When a problem gets worse, its alert ends with the old `severity` and goes on with the new one in one request, so
        that a route for `severity="critical"` hears of it. Alertmanager knows no acknowledgement: the annotations
        tell who took the problem, and a silence has to be made there.
        A plain message ends after an hour. A message that Alertmanager refuses is sent again without description and link.

        ### When an alert ends

        - When Tocsin says so: the end is told as one minute ago, because Alertmanager ignores an end that is in the future by
          its own clock. Clocks may differ by that minute.
        - Otherwise `ends_after` its last message, 7 days by default. Tocsin repeats what goes on every `repeat_every` (4
          hours), but not what is acknowledged, so a short `ends_after` would end what nobody has mended. A long one costs
          nothing while Tocsin is there to tell the end.
        - Alertmanager keeps alerts in memory only. One that is restarted learns of an open problem with its next
          repetition; where that is too late, set a shorter `repeat_every` on the route. Alertmanager's own
          `repeat_interval` decides how often people hear.

        Sources: [Alertmanager's API](https://prometheus.io/docs/alerting/latest/alerts_api/) and
        [high availability](https://prometheus.io/docs/alerting/latest/high_availability/); tested with 0.25.
    """  # noqa: E501  # rows of a table

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._url = settings["url"].rstrip("/")
        self._authorization = settings.get("authorization", "")
        self._ends_after = parse_duration(settings["ends_after"])

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check that `ends_after` is a length of time that lasts."""
        try:
            ends_after = parse_duration(settings["ends_after"])
        except ValueError as error:
            return [f'ends_after = "{settings["ends_after"]}" is {error}']
        if ends_after < timedelta(minutes=5):
            return [f'ends_after = "{settings["ends_after"]}" is too short; an alert would end between two messages']
        return []

    def send(self, outgoing: Outgoing) -> Receipt:
        """Post the alert, and the end of what it was before if its labels have changed."""
        made = alerts(outgoing, now=datetime.now(UTC), ends_after=self._ends_after)
        headers = {"Content-Type": "application/json"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        try:
            answer = post(f"{self._url}/api/v2/alerts", json.dumps(made).encode(), headers, budget=outgoing.budget)
        except DeliveryError as error:
            if error.status in {404, 405}:
                error.hint = _ELSEWHERE
            raise
        return Receipt(reference=made[0]["labels"], status=answer.status, answer=excerpt(answer))


def alerts(outgoing: Outgoing, *, now: datetime, ends_after: timedelta) -> list[dict[str, Any]]:
    """Return what to post: the alert first, and after it what ends because its labels have changed.

    Args:
        outgoing: The message on its way.
        now: The present, aware.
        ends_after: When the alert is to end if nothing more is said about it.
    """
    message = outgoing.message
    about = subject(message)
    labels = _labels(outgoing, about)
    kept = dict(outgoing.previous.reference) if outgoing.previous else {}
    known = message.alert_id is not None and kept.get("alert_id") == message.alert_id
    if known and message.tone in {Tone.GOOD, Tone.ACKNOWLEDGED}:
        labels = kept
    starts = min(about.since, now)
    ended = max(starts, now - _SKEW)
    lasts = ends_after if message.alert_id else _PLAIN_LASTS
    over = message.alert_id is not None and message.tone is Tone.GOOD
    title = cut(one_line(message.title) or "(no title)", _SUMMARY)
    made = _alert(labels, title, starts, ended if over else now + lasts)
    if not outgoing.plain:
        made["annotations"]["description"] = text(message, limit=_DESCRIPTION)
        if link := next((link.url for link in message.links if is_web(link.url)), ""):
            made["generatorURL"] = link
    if not known or labels == kept:
        return [made]
    return [made, _alert(kept, f"{title} (goes on under other labels)", starts, ended)]


def _labels(outgoing: Outgoing, about: Subject) -> dict[str, str]:
    """A plain message has no alert: its own key makes it an alert of its own, also when it is sent twice."""
    message = outgoing.message
    topic = about.labels.get("topic", "alert") if message.alert_id else "message"
    name = "".join(part.capitalize() for part in topic.split("_"))
    return {
        "alertname": f"Tocsin{name}",
        "alert_id": message.alert_id or outgoing.key,
        **{label: about.labels[label] for label in _LABELS if label in about.labels},
    }


def _alert(labels: Mapping[str, str], title: str, starts: datetime, ends: datetime) -> dict[str, Any]:
    return {
        "labels": dict(labels),
        "annotations": {"summary": title},
        "startsAt": starts.astimezone(UTC).isoformat(),
        "endsAt": ends.astimezone(UTC).isoformat(),
    }
