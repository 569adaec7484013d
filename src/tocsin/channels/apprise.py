"""Apprise, for receivers that Tocsin has no channel of its own for (github.com/caronc/apprise)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.literal import cut, cut_middle, headline
from tocsin.channels.formats.text import text
from tocsin.channels.refusal import Answer, excerpt
from tocsin.core.message import Message, Tone
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

if TYPE_CHECKING:
    from apprise import NotifyBase

_TITLE, _TEXT, _LEAST = 200, 4_000, 80
#: Where a mention, a tag or a hidden link begins, in one service or another. Apprise hands some of them through as they
#: are: Discord's @everyone always, and Slack's <!channel> in some forms.
_LIVE = re.compile(r"@|<|\](?=\()")
_MISSING = 'apprise is not installed; type: pip install "dlt-tocsin[apprise]"'
#: The names that Apprise has for how a message looks; every other tone is its "failure".
_LOOKS = {
    Tone.GOOD: "success",
    Tone.INFO: "info",
    Tone.ACKNOWLEDGED: "info",
    Tone.WARNING: "warning",
}


class Apprise(Channel):
    """Hands the plain text to one service of Apprise.

    Apprise says whether a service took a message, and hardly why not. So whatever is refused is tried again.
    It is loaded when something is sent, because that takes a second or more.
    """

    type: ClassVar[str] = "apprise"
    summary: ClassVar[str] = "Any of the 160 services of Apprise, as plain text and best effort"
    min_interval: ClassVar[float] = 1.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="url",
            help="Apprise's address of one service. It holds the service's tokens, so it counts as a secret.",
            secret=True,
            required=True,
            example="ntfys://ntfy.example.com/alerts",
        ),
    )
    setup: ClassVar[str] = """
        [Apprise](https://github.com/caronc/apprise) is a library that speaks to some 160 services: ntfy, Gotify,
        Matrix, Mattermost, Pushover, Signal, SMS and many more. Install it beside Tocsin, wherever Tocsin runs:

        ```sh
        pip install "dlt-tocsin[apprise]"
        ```

        Each service has an address, which Apprise's documentation tells how to build. Put it into
        `.dlt/secrets.toml`, one channel for each address, and try it with `tocsin channel test ops`.

        ### Best effort

        Where Tocsin has a channel of its own (Slack, Teams, PagerDuty, e-mail…), prefer that one. Over Apprise:

        - Messages are plain text. Nothing is updated in place or kept in a thread, and nothing is attached.
        - An invisible gap after each `@` and `<` keeps text from outside from mentioning anybody. Mind it when you copy
          an address out of a message.
        - Apprise tells success from failure and no more. Any failure is tried again for up to 4 days, also that of a
          token which was revoked; other channels are told after a while, as for every channel.
        - Apprise follows redirects, after which a service may say yes to a message that it did not get.
        - Loading Apprise takes a second or more. That is nothing to `tocsin watch`, and a lot to a pipeline that
          delivers its own alerts at its end: there, messages may be left for the next one to send.
        """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._url = settings["url"]

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check that Apprise is installed, and the form of the address."""
        if find_spec("apprise") is None:
            return [_MISSING]
        if not re.match(r"[a-z][a-z0-9]*://[^\s,]+$", settings["url"], re.IGNORECASE):
            return ["url is not one address of Apprise, such as ntfys://ntfy.example.com/alerts"]
        return []

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand the message over."""
        try:
            import apprise
        except ImportError as error:
            raise DeliveryError(_MISSING, permanent=True, hint="install it where Tocsin runs") from error
        asset = apprise.AppriseAsset(
            app_id="Tocsin",
            app_desc="Tocsin",
            app_url="",
            image_url_mask="",
            image_url_logo="",
            storage_mode=apprise.PersistentStoreMode.MEMORY,
            allow_templates=False,
        )
        service = apprise.Apprise.instantiate(self._url, asset=asset)
        if service is None:
            msg = (
                f"Apprise knows no service at {self._url.partition('://')[0]}://…, or a part of the address is missing"
            )
            hint = "compare url with the page of the service in the documentation of Apprise (appriseit.com/services)"
            raise DeliveryError(msg, permanent=True, hint=hint)
        service.socket_connect_timeout = service.socket_read_timeout = max(0.1, min(4.0, outgoing.budget / 3))
        title, body = _written(outgoing.message, service)
        together = apprise.Apprise(asset=asset)
        together.add(service)
        result = together.notify(
            body=body,
            title=title,
            notify_type=_LOOKS.get(outgoing.message.tone, "failure"),
            body_format=apprise.NotifyFormat.TEXT,
            interpret_escapes=False,
            timeout=max(0.1, outgoing.budget),
        )
        attempts = [attempt for one in result.results for attempt in one.attempts]
        name = service.service_name or "the service"
        # Not `result.status`: with `?optional=yes` in the address, that calls a failure a success.
        if attempts and attempts[-1].status is apprise.AppriseResultStatus.SUCCESS:
            return Receipt(answer=f"{name} took it, says Apprise")
        late = any(attempt.status is apprise.AppriseResultStatus.TIMEOUT for attempt in attempts)
        said = " ".join(entry.message for attempt in attempts for entry in attempt.logs)
        raise DeliveryError(
            f"{name} {'gave no answer in time' if late else 'did not take the message'}, says Apprise",
            permanent=False,
            ambiguous=late,
            hint="check url, and whether its tokens are still good",
            answer=excerpt(Answer(status=0, headers={}, body=said.encode()), secrets=self._secrets()),
        )

    def _secrets(self) -> tuple[str, ...]:
        """Return the parts of the address that are long enough to be a token, and what they stand for."""
        parts = re.split(r"[/?&=:@]+", self._url.partition("://")[2])
        return tuple(
            {word for part in (self._url, *parts) for word in (part, unquote(part)) if len(word) > len("token")}
        )


def _written(message: Message, service: NotifyBase) -> tuple[str, str]:
    """Return title and text as this service has room for: it may have to escape some, and cuts without a word."""
    title = _neutral(cut(headline(message), _TITLE))
    _, _, body = text(message).partition("\n\n")
    room = min(_TEXT, service.body_maxlen * 3 // 4 - len(title))
    return title, cut_middle(_neutral(body), max(_LEAST, room))


def _neutral(words: str) -> str:
    """Return the text with an invisible gap after each sign that could begin a mention or hide a link."""
    return _LIVE.sub(lambda sign: f"{sign[0]}\N{ZERO WIDTH SPACE}", words)
