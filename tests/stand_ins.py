"""The receivers that the documentation names, played on the loopback: a proxy that leads every host to here.

Addresses stand in the pages as a reader would write them. Programs find the proxy in `HTTPS_PROXY` and `HTTP_PROXY`,
and trust the certificates by an authority that is made for the session; whoever asks for a host that is not in
`ANSWERS` is refused, so nothing leaves the machine. Mail goes to a real SMTP server.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme

from mail_server import MailServer, serving_mail
from receiver import Connection, Receiver, Request, answer, receiving, tunnel

#: What each host answers with status 200.
ANSWERS: dict[str, str | dict[str, Any]] = {
    "alertmanager.internal": "",
    "api.atlassian.com": {"requestId": "r"},
    "api.opsgenie.com": {"requestId": "r"},
    "api.telegram.org": {"ok": True, "result": {"message_id": 7, "chat": {"id": 7}}},
    "collector.internal": "",
    "discord.com": {"id": "7", "channel_id": "7"},
    "events.pagerduty.com": {"status": "success", "dedup_key": "k"},
    "hc-ping.com": "OK",
    f"{'x' * 29}.environment.api.powerplatform.com": "",
    "hooks.slack.com": "ok",
    "marquez.internal": "",
    "example.com": "",
    "ntfy.example.com": {"id": "7"},
    "o1.ingest.sentry.io": {"id": "7"},
    "pushgateway.internal": "",
    "slack.com": {"ok": True, "channel": "C0123456789", "ts": "7.0"},
}


@dataclass(frozen=True, kw_only=True)
class StandIns:
    """The receivers, and what programs have to know of them."""

    proxy: Receiver
    secure: Receiver
    mail: MailServer
    environment: dict[str, str]

    def told(self) -> list[str]:
        """Return all texts that were sent to anybody."""
        requests = [*self.proxy.requests, *self.secure.requests]
        mails = [mail.mail.get_body(("plain",)) for mail in self.mail.received]
        return [text for request in requests for text in _texts(request)] + [
            mail.get_content() for mail in mails if mail is not None
        ]

    def forget(self) -> None:
        """Forget what was sent."""
        for kept in (self.proxy.requests, self.secure.requests, self.mail.received):
            kept.clear()


def _texts(request: Request) -> Iterator[str]:
    """Yield the strings in a document, or the body as it is."""
    try:
        found: list[Any] = [json.loads(request.body)]
    except ValueError:
        yield request.body.decode(errors="replace")
        return
    while found:
        value = found.pop(0)
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            parts = [part for name, part in value.items() if name != "type"] if isinstance(value, dict) else value
            found[:0] = parts


@contextmanager
def standing_in(folder: Path) -> Iterator[StandIns]:
    """Play all receivers for the length of a `with` block; the certificate of the authority lies in `folder`."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", *ANSWERS).configure_cert(context)
    certificate = folder / "authority.pem"
    authority.cert_pem.write_to_path(certificate)

    with receiving() as proxy, receiving(context) as secure, serving_mail(starttls=context) as mail:

        def reply(connection: Connection) -> None:
            request = connection.request
            assert request is not None
            target = request.target if "://" in request.target else f"//{request.target}"
            host = urlsplit(target).hostname or request.headers["host"]
            if host not in ANSWERS:
                answer(403, f"no test plays {host}")(connection)
            elif request.method == "CONNECT":
                proxy.requests.remove(request)
                connection.request = replace(request, target=f"127.0.0.1:{secure.port}")
                tunnel(connection)
            else:
                answer(200, ANSWERS[host])(connection)

        def reply_securely(connection: Connection) -> None:
            assert connection.request is not None
            answer(200, ANSWERS[connection.request.headers["host"].partition(":")[0]])(connection)

        proxy.answers(reply)
        secure.answers(reply_securely)
        address = f"http://127.0.0.1:{proxy.port}"
        environment = {
            "HTTPS_PROXY": address,
            "HTTP_PROXY": address,
            "https_proxy": address,
            "http_proxy": address,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(certificate),
            "CURL_CA_BUNDLE": str(certificate),
            "REQUESTS_CA_BUNDLE": str(certificate),
        }
        yield StandIns(proxy=proxy, secure=secure, mail=mail, environment=environment)
