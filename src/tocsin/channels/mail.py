"""E-mail over an SMTP server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from typing import ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.html import html
from tocsin.channels.formats.literal import cut, one_line
from tocsin.channels.formats.text import text
from tocsin.channels.smtp import PORTS, Handed, Server, hand_over
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

_SUBJECT, _PLAIN = 150, 4_000


class _Verbatim(UnstructuredHeader, BaseHeader):
    """A header of ids and addresses, in one line: the standard library would encode what is too long to be folded."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("message-id", "in-reply-to", "references", "list-id", "list-unsubscribe"):
    _HEADERS.map_to_type(_name, _Verbatim)
#: Every server takes seven bits; more would have to be asked for, and breaks signatures where it is changed on the way.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)


class Email(Channel):
    """Sends each message to all recipients, as text and as HTML.

    The first mail about an alert begins a thread: its Message-ID and subject are kept in the receipt, and the later
    mails answer it. A Message-ID is made of the key of the message, so that it stays the same over all tries.

    A recipient that is refused for good is named in the receipt, and the others count. One that is refused for now is
    offered the message again, alone: who has a mail does not get it twice because somebody else has a full mailbox.
    """

    type: ClassVar[str] = "email"
    summary: ClassVar[str] = "E-mail over any SMTP server, one thread an alert"
    min_interval: ClassVar[float] = 0.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(name="host", help="The SMTP server.", required=True, example="smtp.example.com"),
        Field(
            name="from",
            help="Sender: an address that the server sends for, with a name if you like.",
            required=True,
            example="Tocsin <tocsin@example.com>",
        ),
        Field(
            name="to",
            help="Recipients, with a comma between them.",
            required=True,
            example="data-team@example.com, Ada <ada@example.com>",
        ),
        Field(
            name="encryption",
            help="starttls encrypts before anything is said, and sends nothing where that is not possible. "
            "tls encrypts from the first byte. none sends in the open: for a server on the same machine.",
            default="starttls",
            choices=tuple(PORTS),
        ),
        Field(
            name="port",
            help="Port of the server. Default: 587 with starttls, 465 with tls, 25 with none.",
            example="587",
        ),
        Field(name="username", help="Logs in with it, together with password.", example="tocsin@example.com"),
        Field(name="password", help="Password of the log-in.", secret=True, example="…"),
        Field(
            name="ca_file",
            help="File of the certificates to trust (PEM), where the server's is signed by your own authority or by "
            "itself. No others are trusted then.",
            example="/etc/ssl/company.pem",
        ),
        Field(
            name="unsubscribe",
            help="Where recipients ask to be taken off: an address that begins with https:// or mailto:. "
            "Shown as a button by many programs (List-Unsubscribe).",
            example="mailto:data-team@example.com",
        ),
    )
    setup: ClassVar[str] = """
        1. Ask whoever runs your mail for a server that takes mails from programs (SMTP relay, submission): its host,
           port, kind of encryption, and a user with a password if it wants one.
        2. Choose a sender that this server sends for. Mails from other domains end up as spam.
        3. Put the password into `.dlt/secrets.toml`, and try it with `tocsin channel test ops`.

        ```toml title=".dlt/config.toml"
        [tocsin.channels.ops]
        to = ["data-team@example.com", "Ada <ada@example.com>"]
        username = "tocsin@example.com"
        ```

        ```toml title=".dlt/secrets.toml"
        [tocsin.channels.ops]
        password = "…"
        ```

        Log-in is by password. A provider that wants OAuth or a second factor has passwords for programs (app
        passwords), or a relay that takes them.

        ### What arrives

        Each message is a mail with text and HTML, without images, and nothing is loaded from anywhere. Mails about one
        alert are one thread: the later ones answer the first, under its subject, and begin with what is new. Filters
        find all of them by the header `List-Id: Tocsin <tocsin.DOMAIN>`. Programs that answer by themselves, such as
        out-of-office replies, are asked not to.

        ### Encryption

        With `starttls`, the default, nothing is said before the connection is encrypted and the server's certificate
        is verified; where that is not possible, nothing is sent. A certificate of your own authority, or one that is
        signed by itself, is trusted where `ca_file` names it.

        ### Several recipients

        All of them get one mail and see each other. Who should not, or should hear of other things, gets a channel of
        their own.

        - Whom the server refuses for good (`550 no such user`) is named in the answer of the delivery, which `tocsin
          show ALERT` shows; the others have the mail, and it counts as sent. If it refuses all of them, the channel is
          disabled.
        - Whom it refuses for now (greylisting, a full mailbox) is offered the mail again every 5 minutes for half an
          hour, alone: nobody gets it twice because of somebody else. Later mails about the same alert wait until then.
        - If it refuses the mail itself (`552` too big, `554` taken for spam), the mail is sent once more as short text.

        All tries of a mail have the same `Message-ID`. If a server takes a mail and its answer is lost, the mail is
        sent again, and most programs show it once.
        """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        encryption = settings["encryption"]
        self._server = Server(
            host=settings["host"],
            port=int(settings.get("port", PORTS[encryption])),
            encryption=encryption,
            username=settings.get("username", ""),
            password=settings.get("password", ""),
            ca_file=settings.get("ca_file", ""),
        )
        self._sender = _addresses(settings["from"])[0]
        self._recipients = _addresses(settings["to"])
        self._unsubscribe = settings.get("unsubscribe", "")

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check addresses, port and log-in."""
        found = []
        if len(_addresses(settings["from"])) != 1:
            found.append(f'from = "{settings["from"]}" is no address; write it like {_example(cls, "from")}')
        if not _addresses(settings["to"]):
            found.append(f'to = "{settings["to"]}" is no list of addresses; write it like {_example(cls, "to")}')
        if settings["host"].count(":") == 1:
            found.append(f'host = "{settings["host"]}" is more than a host; set port by itself')
        port = settings.get("port", "25")
        if not (port.isdecimal() and 0 < int(port) < 2**16):
            found.append(f'port = "{port}" is no port; use one from 1 to 65535, or leave it out')
        username, password = settings.get("username", ""), settings.get("password", "")
        if bool(username) != bool(password):
            missing = "password" if username else "username"
            found.append(f"{missing} is missing: username and password go together")
        if password and settings["encryption"] == "none":
            found.append('encryption = "none" would show the password to everybody on the way; use starttls or tls')
        if not (username + password).isascii():
            found.append("username and password can have ASCII letters only; set a password without others")
        where = settings.get("unsubscribe", "mailto:")
        if not where.startswith(("mailto:", "https://")) or not where.isascii() or set(where) & set("<>, "):
            found.append(f'unsubscribe = "{where}" is no address; begin it with mailto: or https://')
        return found

    def send(self, outgoing: Outgoing) -> Receipt:
        """Send the message to whoever still waits for it."""
        thread = self._thread(outgoing)
        mail = self._mail(outgoing, thread, datetime.now(UTC)).as_bytes()
        recipients = outgoing.only or tuple(address.addr_spec for address in self._recipients)
        handed = hand_over(self._server, self._sender.addr_spec, recipients, mail, budget=outgoing.budget)
        if not handed.taken and not outgoing.only:
            raise _nobody(self._server, handed)
        return Receipt(reference=thread, status=handed.status, answer=handed.answer, again=tuple(handed.later))

    def _thread(self, outgoing: Outgoing) -> dict[str, str]:
        """Return Message-ID and subject of the first mail about the alert, which may be this one."""
        subject = cut(one_line(outgoing.message.title), _SUBJECT) or "(no title)"
        first = outgoing.previous.reference if outgoing.previous else {}
        own = {"message_id": self._id(outgoing), "subject": subject}
        return {name: first.get(name, value) for name, value in own.items()}

    def _id(self, outgoing: Outgoing) -> str:
        return f"<{outgoing.key}@{self._sender.domain}>"

    def _mail(self, outgoing: Outgoing, thread: Mapping[str, str], now: datetime) -> EmailMessage:
        """Return the mail; every text from outside is one line before it becomes a header."""
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = self._sender
        mail["To"] = self._recipients
        own = self._id(outgoing)
        # Programs that show threads want the same subject in all of one, so what is new stands first in the text.
        answer = thread["message_id"] != own
        mail["Subject"] = f"Re: {thread['subject']}" if answer else thread["subject"]
        mail["Date"] = now
        mail["Message-ID"] = own
        if answer:
            mail["In-Reply-To"] = mail["References"] = thread["message_id"]
        mail["List-Id"] = f"Tocsin <tocsin.{self._sender.domain}>"
        if self._unsubscribe:
            mail["List-Unsubscribe"] = f"<{self._unsubscribe}>"
        # Nobody is out of office to a machine: RFC 3834, and for Exchange a header of its own.
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        if outgoing.plain:
            mail.set_content(text(outgoing.message, limit=_PLAIN))
        else:
            mail.set_content(text(outgoing.message))
            mail.add_alternative(html(outgoing.message), subtype="html")
        return mail


def _addresses(listed: str) -> tuple[Address, ...]:
    """Return the addresses of a list, none if any of it is not one that every server takes."""
    header = _POLICY.header_factory("to", listed.strip().rstrip(","))
    good = all(one.username and one.domain and one.addr_spec.isascii() for one in header.addresses)
    return header.addresses if good and not header.defects else ()


def _nobody(server: Server, handed: Handed) -> DeliveryError:
    if handed.later:
        msg = f"{server.name} takes nothing for the recipients for now"
        return DeliveryError(msg, permanent=False, status=handed.status, answer=handed.answer)
    msg = f"{server.name} refused every recipient"
    hint = "check the addresses in to, and whether the server may send to them"
    return DeliveryError(msg, permanent=True, hint=hint, status=handed.status, answer=handed.answer)


def _example(channel: type[Channel], name: str) -> str:
    return next(field.example for field in channel.fields if field.name == name)
