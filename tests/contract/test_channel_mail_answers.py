"""What the e-mail channel makes of every answer of a mail server, and of none at all."""

from __future__ import annotations

import base64
import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mail_server import DROP, SILENCE, MailServer, saying, serving_mail
from sample_messages import FAILED
from tocsin.channels.base import Outgoing
from tocsin.channels.registry import make_channel
from tocsin.channels.smtp import Server, hand_over
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

SECRET = "s3cr3t"
ADA, BOB = "ada@example.com", "bob@example.com"
LOG_IN = {"username": "tocsin@example.com", "password": SECRET}


@pytest.fixture
def server() -> Iterator[MailServer]:
    """Give a server without encryption."""
    with serving_mail() as running:
        yield running


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    """Give the file of an authority that this machine does not know; its certificate of localhost lies beside it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    return str(tmp_path / "ca.pem")


def certificate(ca_file: str) -> ssl.SSLContext:
    """Return what a server needs to show the certificate beside `ca_file`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Path(ca_file).with_name("server.pem"))
    return context


def send(port: int, budget: float = 10, /, **settings: str) -> Receipt:
    """Send one message to two people, without encryption unless it is asked for."""
    given = {"host": "localhost", "port": str(port), "from": "tocsin@example.com", "to": f"{ADA}, {BOB}"}
    channel = make_channel("email", {**given, "encryption": "none", **settings})
    return channel.send(Outgoing(key="k1", message=FAILED, budget=budget))


def refused(port: int, budget: float = 10, /, **settings: str) -> DeliveryError:
    """Return the error that sending ends in, after a look for secrets in all of its texts."""
    with pytest.raises(DeliveryError) as caught:
        send(port, budget, **settings)
    shown = f"{caught.value} {caught.value.hint} {caught.value.answer}"
    assert SECRET not in shown
    assert base64.b64encode(SECRET.encode()).decode() not in shown
    return caught.value


@pytest.mark.parametrize(
    ("where", "answer", "text", "permanent", "payload"),
    [
        ("MAIL", "451 4.3.0 busy", "does not send for tocsin@example.com for now: it answered 451", False, False),
        ("MAIL", "553 5.7.1 not yours", "does not send for tocsin@example.com: it answered 553", True, False),
        ("MAIL", "530 5.7.0 log in", "does not send for tocsin@example.com: it answered 530", True, False),
        ("MAIL", "552 5.3.4 too big", "finds the message too big: it answered 552", True, True),
        ("DATA", "451 4.7.1 later", "refused the message for now: it answered 451", False, False),
        ("DATA", "552 5.3.4 too big", "refused the message: it answered 552", True, True),
        ("DATA", "554 5.7.1 spam", "refused the message: it answered 554", True, True),
    ],
)
def test_refusal(where: str, answer: str, text: str, permanent: bool, payload: bool, server: MailServer) -> None:  # noqa: FBT001
    """A 4 passes, a 5 lasts; about the message it asks for the plain form, else it is about us."""
    server.answers[where] = [answer]
    error = refused(server.port)
    assert str(error) == f"localhost:{server.port} {text}"
    assert (error.permanent, error.payload, error.ambiguous) == (permanent, payload, False)
    assert (error.status, error.answer) == (int(answer[:3]), answer[4:])
    assert server.received == []


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("530 5.7.0 log in", "set username and password: the server wants a log-in first"),
        ("550 5.7.1 no", "set from to an address that this server sends for"),
    ],
)
def test_hint_of_a_refused_sender(answer: str, hint: str, server: MailServer) -> None:
    """Whoever runs the channel is told which setting to change."""
    server.answers["MAIL"] = [answer]
    assert refused(server.port).hint == hint


def test_every_recipient_is_refused(server: MailServer) -> None:
    """If nobody exists, nothing is sent and the settings are to blame; every address is named with its answer."""
    server.answers |= {ADA: ["550 5.1.1 no such user"], BOB: ["551 5.7.1 not here"]}
    error = refused(server.port)
    assert str(error) == f"localhost:{server.port} refused every recipient"
    assert error.answer == f"refused: {ADA} (550 5.1.1 no such user), {BOB} (551 5.7.1 not here)"
    assert error.hint == "check the addresses in to, and whether the server may send to them"
    assert (error.permanent, error.payload, error.status) == (True, False, 551)


def test_every_recipient_is_greylisted(server: MailServer) -> None:
    """A server that does not know us yet is tried again, and then takes the message for all."""
    server.answers |= {ADA: ["451 4.7.1 greylisted", "250 Ok"], BOB: ["451 4.7.1 greylisted", "250 Ok"]}
    error = refused(server.port)
    assert str(error) == f"localhost:{server.port} takes nothing for the recipients for now"
    assert error.answer == f"waits: {ADA} (451 4.7.1 greylisted), {BOB} (451 4.7.1 greylisted)"
    assert (error.permanent, error.status) == (False, 451)
    assert send(server.port).status == 250
    assert server.received[0].recipients == (ADA, BOB)


@pytest.mark.parametrize("reply", [DROP, SILENCE])
def test_no_answer_to_the_message(reply: str, server: MailServer) -> None:
    """A server that was given the message and says nothing may have it: it gets it again under the same id."""
    server.answers["DATA"] = [reply]
    error = refused(server.port, 0.5 if reply == SILENCE else 10)
    assert f"localhost:{server.port} was given the message and did not say that it has it (" in str(error)
    assert (error.permanent, error.ambiguous) == (False, True)


@pytest.mark.parametrize("reply", [DROP, SILENCE])
def test_connection_breaks_before_the_message(reply: str, server: MailServer) -> None:
    """A conversation that ends before the message has carried nothing, and is tried again."""
    server.answers["MAIL"] = [reply]
    error = refused(server.port, 0.5 if reply == SILENCE else 10)
    assert str(error).startswith(f"localhost:{server.port} cannot be used: ")
    assert (error.permanent, error.ambiguous) == (False, False)


def test_no_mail_server_listens() -> None:
    """A refused connection is tried again, and the hint says what to check."""
    with serving_mail() as gone:
        pass
    error = refused(gone.port)
    assert str(error) == f"localhost:{gone.port} cannot be used: Connection refused"
    assert error.hint.startswith("check host, port and encryption: port 465 wants")
    assert not error.permanent


def test_mail_host_that_does_not_exist() -> None:
    """A name without an address is tried again: name servers have bad days."""
    error = refused(25, host="mail.invalid")
    assert str(error).startswith("mail.invalid:25 cannot be used: ")
    assert not error.permanent


@pytest.mark.parametrize(
    ("greeting", "text", "permanent"),
    [
        (b"554 5.7.1 no service\r\n", "does not want to talk to this machine: it answered 554", True),
        (b"421 4.3.2 too busy\r\n", "does not want to talk to this machine for now: it answered 421", False),
        (b"HTTP/1.1 400 Bad Request\r\n", "does not want to talk to this machine for now: it answered no SMTP", False),
        (b"", "cannot be used: it took too long", False),
    ],
)
def test_greeting(greeting: bytes, text: str, permanent: bool) -> None:  # noqa: FBT001
    """What does not begin like a mail server that is ready is told with what it said."""
    with saying(greeting) as port:
        error = refused(port, 10 if greeting else 0.3)
    assert str(error).startswith(f"localhost:{port} {text}")
    assert error.permanent is permanent


def test_starttls(ca_file: str) -> None:
    """With an authority of one's own the mail goes out encrypted."""
    with serving_mail(starttls=certificate(ca_file)) as server:
        send(server.port, encryption="starttls", ca_file=ca_file)
        assert server.received[0].encrypted


def test_tls(ca_file: str) -> None:
    """A server that speaks TLS from the first byte is spoken to so."""
    with serving_mail(tls=certificate(ca_file)) as server:
        assert send(server.port, encryption="tls", ca_file=ca_file).status == 250


def test_tls_where_none_is_spoken(server: MailServer) -> None:
    """Whoever mixes up the two kinds of encryption is told which port wants which."""
    error = refused(server.port, encryption="tls")
    assert str(error).startswith(f"localhost:{server.port} cannot be used: ")
    assert 'port 465 wants encryption = "tls", port 587 "starttls"' in error.hint


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
def test_unknown_certificate(encryption: str, ca_file: str) -> None:
    """A certificate that nobody vouches for is not trusted, and nothing is sent."""
    context = {encryption: certificate(ca_file)}
    with serving_mail(**context) as server:
        error = refused(server.port, encryption=encryption, **LOG_IN)
        assert "showed a certificate that cannot be trusted: " in str(error)
        assert error.hint.endswith("name the file of your own authority in ca_file")
        assert not error.permanent
        assert (server.received, server.log_ins) == ([], [])


def test_self_signed_certificate(tmp_path: Path) -> None:
    """A certificate that vouches for itself is trusted where it is named in ca_file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    signed = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(plain + signed.public_bytes(pem))
    (tmp_path / "self.pem").write_bytes(signed.public_bytes(pem))
    with serving_mail(starttls=certificate(str(tmp_path / "self.pem"))) as server:
        send(server.port, encryption="starttls", ca_file=str(tmp_path / "self.pem"))
        assert server.received[0].encrypted


def test_no_encryption_is_offered(server: MailServer) -> None:
    """Unless it is allowed, nothing is sent in the open; somebody on the way may have hidden the offer."""
    error = refused(server.port, encryption="starttls", **LOG_IN)
    assert str(error) == f"localhost:{server.port} offers no encryption (STARTTLS)"
    assert error.hint.startswith('set encryption = "tls"')
    assert not error.permanent
    assert (server.received, server.log_ins) == ([], [])


def test_encryption_is_offered_and_refused() -> None:
    """A server that cannot encrypt just now is tried again."""
    with saying(b"220 hi\r\n250-hi\r\n250 STARTTLS\r\n454 4.7.0 no certificate\r\n") as port:
        error = refused(port, encryption="starttls")
    assert str(error) == f"localhost:{port} broke off the conversation for now: it answered 454"
    assert not error.permanent


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_unusable_file_of_certificates(content: bytes | None, tmp_path: Path, ca_file: str) -> None:
    """A ca_file that is not there, or holds something else, is told with what to check."""
    path = tmp_path / "other.pem"
    if content is not None:
        path.write_bytes(content)
    with serving_mail(starttls=certificate(ca_file)) as server:
        error = refused(server.port, encryption="starttls", ca_file=str(path))
    assert error.hint.endswith("ca_file has to be a file of certificates")
    assert not error.permanent


def test_log_in(ca_file: str) -> None:
    """User name and password are said after the conversation is encrypted."""
    with serving_mail(starttls=certificate(ca_file), auth_required=True) as server:
        send(server.port, encryption="starttls", ca_file=ca_file, **LOG_IN)
        assert server.log_ins == [("tocsin@example.com", SECRET)]
        assert server.received[0].logged_in


def test_log_in_the_old_way(ca_file: str) -> None:
    """Servers that know only LOGIN are logged in to as well."""
    with serving_mail(starttls=certificate(ca_file), auth_exclude_mechanism=["PLAIN"]) as server:
        send(server.port, encryption="starttls", ca_file=ca_file, **LOG_IN)
        assert server.log_ins == [("tocsin@example.com", SECRET)]


def test_wrong_password(ca_file: str) -> None:
    """A wrong password disables the channel: trying it again and again would lock the account."""
    with serving_mail(starttls=certificate(ca_file)) as server:
        error = refused(server.port, encryption="starttls", ca_file=ca_file, **LOG_IN | {"password": "wrong"})
    assert str(error).startswith(f"localhost:{server.port} refused the log-in of tocsin@example.com: it answered 535")
    assert error.hint.startswith("check username and password")
    assert (error.permanent, error.payload, error.status) == (True, False, 535)


def test_log_in_is_not_offered(ca_file: str) -> None:
    """A server without a way to say a password is told with what it offers."""
    with serving_mail(starttls=certificate(ca_file), auth_exclude_mechanism=["PLAIN", "LOGIN"]) as server:
        error = refused(server.port, encryption="starttls", ca_file=ca_file, **LOG_IN)
    assert str(error) == f"localhost:{server.port} takes no password: it offers no log-in at all"
    assert error.permanent


def test_server_that_repeats_the_password() -> None:
    """Whatever a server says about a log-in, the password is not shown."""
    said = base64.b64encode(f"\0tocsin@example.com\0{SECRET}".encode()).decode()
    with saying(f"220 hi\r\n250-hi\r\n250 AUTH PLAIN\r\n535 no AUTH PLAIN {said} {SECRET}\r\n".encode()) as port:
        # The settings would refuse to log in over a connection in the open, so this asks the client itself.
        server = Server(host="localhost", port=port, encryption="none", **LOG_IN)
        with pytest.raises(DeliveryError, match="535") as caught:
            hand_over(server, "a@example.com", [ADA], b"", budget=10)
    assert caught.value.answer == "no AUTH PLAIN … …"
    assert SECRET not in repr(server)
    assert said not in f"{caught.value} {caught.value.answer} {caught.value.__cause__}"


def test_slow_server_cannot_outlast_the_budget() -> None:
    """A server that says a little now and then does not hold us for longer than the message may take."""
    with saying(b"220 hi\r\n", b"250-more\r\n") as port:
        error = refused(port, 0.3)
    assert str(error) == f"localhost:{port} cannot be used: it took too long"
