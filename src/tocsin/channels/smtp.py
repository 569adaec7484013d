"""The only SMTP client: one message, some recipients, and what became of each of them.

Like `http`, it holds one deadline over the whole conversation and tells "not sent" from "nobody knows". What an answer
means follows its first digit (RFC 5321, section 4.2.1) and where in the conversation it comes: the server may refuse
us, a recipient, or the message.
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tocsin.channels.connection import Clock, connect, patient, tls_context
from tocsin.channels.refusal import Answer, excerpt
from tocsin.errors import DeliveryError

#: How a conversation is encrypted, and the port that is meant for it (RFC 8314, RFC 6409).
PORTS = {"starttls": 587, "tls": 465, "none": 25}
_READY, _OK, _WILL_FORWARD, _TOO_MUCH = 220, 250, 251, 552
#: What a server answers that wants a log-in first.
_LOGIN_NEEDED = frozenset({530, 538})


@dataclass(frozen=True, kw_only=True)
class Server:
    """Who takes the mails, and how we speak to it."""

    host: str
    port: int
    #: A key of `PORTS`.
    encryption: str
    username: str = ""
    password: str = field(default="", repr=False)
    #: The certificates to trust, and no others; empty for those that the system trusts.
    ca_file: str = ""

    @property
    def name(self) -> str:
        """How texts call it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Handed:
    """What became of a message that somebody took, or that only recipients refused."""

    #: Addresses that have it.
    taken: tuple[str, ...]
    #: Address → answer, for those that cannot take it now, and for those that never will.
    later: Mapping[str, str]
    never: Mapping[str, str]
    #: The last answer.
    status: int
    last: str

    @property
    def answer(self) -> str:
        """What the server said, with everybody who has not got it."""
        said = [self.last if self.taken else "", _named("refused", self.never), _named("waits", self.later)]
        return "; ".join(filter(None, said))


class _Conversation(smtplib.SMTP):
    """Speaks SMTP within one time for all of it."""

    def __init__(self, server: Server, clock: Clock) -> None:
        # Without a name of our own, smtplib would ask the resolver for one, however long that takes.
        super().__init__(local_hostname="[127.0.0.1]")
        self._host = server.host
        self._server = server
        self._clock = clock
        #: Whether the server may have the message.
        self.sent = False

    def _get_socket(self, host: str, port: int, _: float) -> socket.socket:
        sock = connect(host, port, self._clock)
        address = str(sock.getsockname()[0])
        self.local_hostname = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        if self._server.encryption == "tls":
            sock.settimeout(self._clock.left(self._clock.read))
            try:
                sock = tls_context(self._server.ca_file).wrap_socket(sock, server_hostname=host)
            except BaseException:
                sock.close()
                raise
        return sock

    def send(self, s: bytes | str) -> None:  # type: ignore[override]  # it is called with these two
        if self.sock is not None:
            self.sock.settimeout(self._clock.left(self._clock.read))
        super().send(s)

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]
        self.sent = True
        code, said = super().data(msg)
        if code != _OK:
            raise smtplib.SMTPDataError(code, said)
        return code, said

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = patient(self.sock.makefile("rb", buffering=0), self.sock, self._clock)
        return super().getreply()


def hand_over(server: Server, sender: str, recipients: Sequence[str], message: bytes, *, budget: float) -> Handed:
    """Offer a message to all recipients in one conversation, and return who took it.

    Args:
        server: Whom to speak to.
        sender: Address that the server tells of failures later on.
        recipients: Addresses, at least one.
        message: Headers and body with the line breaks of the network.
        budget: Seconds for all of it.

    Raises:
        DeliveryError: Nobody has it, for a reason that is not a recipient's own, or nobody knows.
    """
    conversation = _Conversation(server, Clock(end=time.monotonic() + budget, connect=5.0, read=budget))
    try:
        _begin(conversation, server)
        _log_in(conversation, server)
        return _offer(conversation, server, sender, recipients, message)
    except smtplib.SMTPDataError as error:
        raise _refused(server, "refused the message", error.smtp_code, error.smtp_error, payload=True) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(server, "broke off the conversation", error.smtp_code, error.smtp_error) from None
    except OSError as error:
        raise _broken(server, error, sent=conversation.sent) from error
    finally:
        conversation.close()


def _begin(conversation: _Conversation, server: Server) -> None:
    """Connect, greet, and encrypt."""
    code, said = conversation.connect(server.host, server.port)
    if code != _READY:
        raise _refused(server, "does not want to talk to this machine", code, said, hint="ask who runs the mail server")
    conversation.ehlo_or_helo_if_needed()
    if server.encryption != "starttls":
        return
    if not conversation.has_extn("starttls"):
        # It may be mended without us, or be somebody between us who hides it: nothing has been said in the open yet.
        raise DeliveryError(
            f"{server.name} offers no encryption (STARTTLS)",
            permanent=False,
            hint='set encryption = "tls" if the server expects TLS from the first byte (port 465), '
            'or "none" if it is right that everybody on the way can read the mails',
        )
    conversation.starttls(context=tls_context(server.ca_file))
    conversation.ehlo_or_helo_if_needed()


def _log_in(conversation: _Conversation, server: Server) -> None:
    if not server.username:
        return
    offered = conversation.esmtp_features.get("auth", "").upper().split()
    ways = {"PLAIN": conversation.auth_plain, "LOGIN": conversation.auth_login}
    way = next((name for name in ways if name in offered), None)
    if way is None:
        found = " ".join(offered) or "no log-in at all"
        hint = "take username and password out of the settings, or use a server that takes them"
        raise DeliveryError(f"{server.name} takes no password: it offers {found}", permanent=True, hint=hint)
    conversation.user, conversation.password = server.username, server.password
    try:
        conversation.auth(way, ways[way])
    except smtplib.SMTPAuthenticationError as error:
        hint = "check username and password; some providers want a password made for programs (app password)"
        what = f"refused the log-in of {server.username}"
        # The exception holds the answer as it came, and that may repeat the password.
        raise _refused(server, what, error.smtp_code, error.smtp_error, hint=hint) from None


def _offer(
    conversation: _Conversation, server: Server, sender: str, recipients: Sequence[str], message: bytes
) -> Handed:
    """Name sender and recipients, and send the message if anybody takes it."""
    size = [f"size={len(message)}"] if conversation.has_extn("size") else []
    code, said = conversation.mail(sender, size)
    if code != _OK:
        raise _sender_refused(server, sender, code, said)
    taken: list[str] = []
    later: dict[str, str] = {}
    never: dict[str, str] = {}
    for recipient in recipients:
        code, said = conversation.rcpt(recipient)
        if code in {_OK, _WILL_FORWARD}:
            taken.append(recipient)
        else:
            # Of a recipient, 552 says too many of them or a full mailbox, and both pass: RFC 5321, 4.5.3.1.10.
            (never if _lasts(code) and code != _TOO_MUCH else later)[recipient] = f"{code} {_words(server, said)}"
    if taken:
        code, said = conversation.data(message)
    with contextlib.suppress(OSError):
        conversation.putcmd("quit")
    return Handed(taken=tuple(taken), later=later, never=never, status=code, last=_words(server, said))


def _sender_refused(server: Server, sender: str, code: int, said: bytes) -> DeliveryError:
    if code == _TOO_MUCH:
        return _refused(server, "finds the message too big", code, said, payload=True)
    login = "set username and password: the server wants a log-in first"
    hint = login if code in _LOGIN_NEEDED else "set from to an address that this server sends for"
    return _refused(server, f"does not send for {sender}", code, said, hint=hint)


def _refused(
    server: Server,
    what: str,
    code: int,
    said: bytes | str,
    *,
    hint: str = "",
    payload: bool = False,
) -> DeliveryError:
    permanent = _lasts(code)
    return DeliveryError(
        f"{server.name} {what}{'' if permanent else ' for now'}: it answered {code if code > 0 else 'no SMTP'}",
        permanent=permanent,
        payload=payload and permanent,
        hint=hint,
        status=code if code > 0 else None,
        answer=_words(server, said),
    )


def _broken(server: Server, error: OSError, *, sent: bool) -> DeliveryError:
    """A connection that did not come about or did not last; all of these are tried again, as with HTTP."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return DeliveryError(
            f"{server.name} showed a certificate that cannot be trusted: {error.verify_message}",
            permanent=False,
            hint="have the server's certificate renewed, or name the file of your own authority in ca_file",
        )
    # smtplib makes an error of its own of one of the socket.
    late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
    why = "it took too long" if late else error.strerror or str(error)
    if sent:
        msg = f"{server.name} was given the message and did not say that it has it ({why})"
        return DeliveryError(msg, permanent=False, ambiguous=True)
    other = 'port 465 wants encryption = "tls", port 587 "starttls"'
    hint = f"check host, port and encryption: {other}; ca_file has to be a file of certificates"
    return DeliveryError(f"{server.name} cannot be used: {why}", permanent=False, hint=hint)


def _named(what: str, refused: Mapping[str, str]) -> str:
    return f"{what}: {', '.join(f'{address} ({answer})' for address, answer in refused.items())}" if refused else ""


def _lasts(code: int) -> bool:
    return code // 100 == 5  # noqa: PLR2004


def _words(server: Server, said: bytes | str) -> str:
    """Return the text of an answer, without what it may repeat of the log-in."""
    pair = f"\0{server.username}\0{server.password}"
    plain = (server.password, pair)
    secrets = [*plain, *(base64.b64encode(text.encode()).decode() for text in plain)] if server.password else []
    body = said.encode() if isinstance(said, str) else said
    return excerpt(Answer(status=0, headers={}, body=body), secrets=tuple(secrets))
