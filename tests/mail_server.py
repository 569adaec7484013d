"""A real SMTP server on the loopback that refuses what a test scripts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

#: Scripted instead of an answer: close the connection without one, or never say anything.
DROP, SILENCE = "drop", "silence"


@dataclass(frozen=True, kw_only=True)
class Received:
    """One mail as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    encrypted: bool
    logged_in: bool

    @property
    def mail(self) -> EmailMessage:
        """The mail, read as a mail program would."""
        mail = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail


@dataclass(kw_only=True)
class MailServer:
    """What arrived, and what to answer; the hooks are called by aiosmtpd."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    #: "MAIL", "DATA" or a recipient's address → answers in order, of which the last one stays; else 250.
    answers: dict[str, list[str]] = field(default_factory=dict)
    #: User names and passwords that came.
    log_ins: list[tuple[str, str]] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        """How a channel reaches this server."""
        return {"host": "localhost", "port": str(self.port), "from": "Tocsin <tocsin@example.com>"}

    async def handle_MAIL(  # noqa: D102, N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer(server, "MAIL")

    async def handle_RCPT(  # noqa: D102, N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        answer = await self._answer(server, address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: D102, N802
        assert isinstance(envelope.content, bytes)
        received = Received(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            content=envelope.content,
            encrypted=session.ssl is not None,
            logged_in=bool(session.authenticated),
        )
        answer = await self._answer(server, "DATA")
        if answer.startswith("250"):
            self.received.append(received)
        return answer

    def authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, said: Any) -> AuthResult:
        """Let in whoever knows the password."""
        assert isinstance(said, LoginPassword)
        self.log_ins.append((said.login.decode(), said.password.decode()))
        return AuthResult(success=said.password == b"s3cr3t", handled=False)

    async def _answer(self, server: SMTP, what: str) -> str:
        scripted = self.answers.get(what, ["250 2.0.0 Ok"])
        answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if answer == DROP:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        if answer in {DROP, SILENCE}:
            await asyncio.Event().wait()
        return answer


class _Controller(Controller):
    """Listens on a free port."""

    def __init__(self, server: MailServer, **options: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        server.port = self._socket.getsockname()[1]
        super().__init__(server, hostname="127.0.0.1", port=server.port, **options)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._socket, ssl=self.ssl_context)


@contextlib.contextmanager
def serving_mail(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[MailServer]:
    """Run a mail server for the length of a `with` block.

    Args:
        starttls: Its certificate, if it offers STARTTLS.
        tls: Its certificate, if it speaks TLS from the first byte.
        options: Further ones of `aiosmtpd.smtp.SMTP`.
    """
    server = MailServer()
    controller = _Controller(
        server, ssl_context=tls, tls_context=starttls, authenticator=server.authenticate, **options
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextlib.contextmanager
def saying(greeting: bytes, again: bytes = b"") -> Iterator[int]:
    """Run a server that says one thing to whoever connects, and another now and then; give its port."""
    closing = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.request.sendall(greeting)
                while not closing.wait(0.05):
                    self.request.sendall(again)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            closing.set()
            server.shutdown()
            thread.join()
