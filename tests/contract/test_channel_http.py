"""The HTTP client itself: addresses, names, proxies, certificates, and what it sends."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from receiver import Receiver, answer, drip, receiving, silence, tunnel
from tocsin.channels import connection
from tocsin.channels.http import post
from tocsin.errors import DeliveryError


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    """A certificate authority that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    connection.tls_context.cache_clear()
    yield authority
    connection.tls_context.cache_clear()


def server_context(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    """Return what a server needs to show a certificate for `name`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def refused(url: str, **options: float) -> DeliveryError:
    """Return the error that a request to `url` ends in."""
    with pytest.raises(DeliveryError) as caught:
        post(url, b"{}", {}, **options)  # type: ignore[arg-type]
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint} {caught.value.answer}"
    return caught.value


def test_request(receiver: Receiver) -> None:
    """Body, path, query and headers arrive as given; compression is not asked for."""
    post(receiver.url + "?a=1&b=%20#part", b"\x00body", {"X-Key": "v"})
    assert receiver.last.method == "POST"
    assert receiver.last.target == "/services/T0/B0/s3cr3t-hook?a=1&b=%20"
    assert receiver.last.body == b"\x00body"
    assert receiver.last.headers == {
        "host": f"localhost:{receiver.port}",
        "user-agent": "tocsin",
        "connection": "close",
        "accept-encoding": "identity",
        "content-length": "5",
        "x-key": "v",
    }


def test_method_and_bare_host(receiver: Receiver) -> None:
    """Another method can be used, and an address without a path asks for /."""
    post(f"http://localhost:{receiver.port}?a=1", b"", {}, method="PUT")
    assert (receiver.last.method, receiver.last.target) == ("PUT", "/?a=1")


def test_user_name_in_the_address(receiver: Receiver) -> None:
    """A user name and password in the address become basic authorization, and a given header wins."""
    url = receiver.url.replace("://", "://ada:p%40ss@")
    post(url, b"", {})
    assert receiver.last.headers["authorization"] == f"Basic {base64.b64encode(b'ada:p@ss').decode()}"
    post(url, b"", {"Authorization": "Bearer x"})
    assert receiver.last.headers["authorization"] == "Bearer x"


def test_answer(receiver: Receiver) -> None:
    """The answer has status, headers in lower case and at most 256 KiB of the body."""
    receiver.answers(answer(201, b"x" * 300_000, x_request_id="r1"))
    got = post(receiver.url, b"", {})
    assert (got.status, got.headers["x-request-id"], len(got.body)) == (201, "r1", 256 * 1024)


def test_slow_body_ends_with_the_budget(receiver: Receiver) -> None:
    """A body that trickles is left alone when the time is over, and what came is kept."""
    receiver.answers(drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x", every=0.05, times=600))
    assert 0 < len(post(receiver.url, b"", {}, budget=0.5).body) < 600


def test_read_timeout_is_shorter_than_the_budget(receiver: Receiver) -> None:
    """A receiver that falls silent is given up after the read timeout, and the message may have arrived."""
    receiver.answers(silence)
    error = refused(receiver.url, read=0.2, budget=600)
    assert str(error) == f"http://localhost:{receiver.port}/… took the message and gave no answer (it took too long)"
    assert (error.ambiguous, error.permanent) == (True, False)


def test_redirect_names_its_target(receiver: Receiver) -> None:
    """A redirect is not followed; the error names the host to configure and no more of its address."""
    with receiving() as other:
        receiver.answers(answer(301, location=f"http://u:s3cr3t@localhost:{other.port}/s3cr3t?s3cr3t"))
        error = refused(receiver.url)
        assert other.requests == []
    host = f"http://localhost:{receiver.port}/…"
    target = f"http://localhost:{other.port}/…"
    assert str(error) == f"{host} answered 301, a redirect to {target}, which is not followed"
    assert error.hint == f"configure the address at {target} itself, if that is where the messages belong"


@pytest.mark.parametrize(
    "url", ["", "example.com/hook", "ftp://example.com", "https://", "http://[::1", "http://h:99999"]
)
def test_address_that_is_none(url: str) -> None:
    """An address that cannot be one is refused for good, with what is missing."""
    error = refused(url)
    assert "is no address that a message can be sent to" in str(error)
    assert (error.permanent, error.payload) == (True, False)
    assert error.hint == "use a URL that begins with https:// and names a host"


@pytest.mark.parametrize("path", ["two words", "ümlaut", "a\x00b"])
def test_characters_that_http_cannot_carry(path: str, receiver: Receiver) -> None:
    """An address with spaces or letters outside ASCII is refused for good and not shown."""
    error = refused(f"{receiver.url}/{path}")
    assert str(error) == (
        f"the address at http://localhost:{receiver.port}/… or a header for it has characters that HTTP cannot carry"
    )
    assert error.permanent
    assert error.__suppress_context__


def test_header_that_http_cannot_carry(receiver: Receiver) -> None:
    """A header with a line break is refused and sends nothing."""
    with pytest.raises(DeliveryError, match="characters that HTTP cannot carry"):
        post(receiver.url, b"", {"Authorization": "Bearer x\r\nX-Evil: 1"})
    assert receiver.requests == []


def test_unknown_host() -> None:
    """A name that does not resolve is tried again: name servers fail too."""
    error = refused("https://tocsin.invalid/s3cr3t")
    assert str(error).startswith("https://tocsin.invalid/… cannot be reached: ")
    assert (error.permanent, error.ambiguous) == (False, False)
    assert error.hint == "check the name of the host in the channel's settings"


def test_name_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver knows no timeout, and the request ends in time nevertheless."""
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait())
    error = refused("https://slow.example/s3cr3t", budget=0.2)
    never.set()
    assert str(error) == "https://slow.example/… cannot be reached: it took too long"
    assert (error.permanent, error.ambiguous) == (False, False)


def test_name_that_cannot_be_looked_up() -> None:
    """A host name with an empty part is told as what it is."""
    assert "the name of the host is none" in str(refused(f"https://a{'.' * 2}example.com/s3cr3t"))


def test_interpreter_that_shuts_down(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a process no thread can be started, and a message is sent nevertheless."""

    class Late(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(connection, "threading", SimpleNamespace(Thread=Late))
    assert post(receiver.url, b"", {}).status == 200


def test_second_address_is_tried(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first address of a name refuses, the next one gets the message."""
    closed = socket.create_server(("127.0.0.1", 0))
    dead = closed.getsockname()
    closed.close()
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", dead),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert post(receiver.url, b"", {}).status == 200


def test_trusted_certificate(authority: trustme.CA) -> None:
    """A certificate of an authority named in SSL_CERT_FILE is trusted."""
    with receiving(server_context(authority)) as receiver:
        assert post(receiver.url, b"{}", {}).status == 200
        assert receiver.last.headers["host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize("trouble", ["unknown authority", "another name"])
@pytest.mark.usefixtures("authority")
def test_certificate_that_cannot_be_trusted(trouble: str, authority: trustme.CA) -> None:
    """Nothing is sent to a receiver with a bad certificate; it is tried again, as certificates get renewed."""
    bad = server_context(trustme.CA()) if trouble == "unknown authority" else server_context(authority, "other.example")
    with receiving(bad) as receiver:
        error = refused(receiver.url)
        assert receiver.requests == []
    assert str(error).startswith(f"https://localhost:{receiver.port}/… showed a certificate that cannot be trusted: ")
    assert (error.permanent, error.ambiguous) == (False, False)
    assert "SSL_CERT_FILE" in error.hint


def test_receiver_without_tls(receiver: Receiver) -> None:
    """An https address of a server that speaks plain HTTP has carried nothing."""
    error = refused(receiver.url.replace("http:", "https:"))
    assert (error.permanent, error.ambiguous) == (False, False)
    assert "cannot be reached" in str(error)


def test_certificates_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that finds no authorities takes those of certifi."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    connection.tls_context.cache_clear()
    assert connection.tls_context().get_ca_certs()
    connection.tls_context.cache_clear()


def test_plain_http_over_a_proxy(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY gets the whole address, with its own credentials and without ours."""
    monkeypatch.setenv("http_proxy", f"http://p:w@localhost:{receiver.port}")
    post("http://receiver.invalid/hook?x=1", b"", {})
    assert receiver.last.target == "http://receiver.invalid/hook?x=1"
    assert receiver.last.headers["host"] == "receiver.invalid"
    assert receiver.last.headers["proxy-authorization"] == f"Basic {base64.b64encode(b'p:w').decode()}"


def test_no_proxy(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY sends the message directly."""
    monkeypatch.setenv("all_proxy", "http://proxy.invalid:3128")
    monkeypatch.setenv("no_proxy", "localhost")
    post(receiver.url, b"", {})
    assert receiver.last.target == "/services/T0/B0/s3cr3t-hook"


def test_https_through_a_proxy(authority: trustme.CA, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY gets a CONNECT and sees nothing of the message."""
    monkeypatch.setenv("https_proxy", f"localhost:{receiver.port}")
    receiver.answers(tunnel)
    with receiving(server_context(authority)) as target:
        assert post(target.url, b"secret", {}).status == 200
        assert target.last.body == b"secret"
        assert (receiver.last.method, receiver.last.target) == ("CONNECT", f"localhost:{target.port}")


def test_proxy_that_refuses(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that does not connect has carried nothing; the error names its host and not its password."""
    monkeypatch.setenv("https_proxy", f"http://u:s3cr3t@localhost:{receiver.port}")
    receiver.answers(answer(407))
    error = refused("https://receiver.invalid/hook")
    assert str(error) == (
        "https://receiver.invalid/… cannot be reached over the proxy localhost: the proxy answered 407"
    )
    assert (error.permanent, error.ambiguous) == (False, False)


@pytest.mark.parametrize("proxy", ["socks5://localhost:1080", "http://localhost:port", "http://"])
def test_proxy_that_cannot_be_used(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of another kind, or one that is no address, is said to be the reason."""
    monkeypatch.setenv("https_proxy", proxy)
    error = refused("https://receiver.invalid/s3cr3t")
    assert str(error) == "the proxy that the environment names for https:// cannot be used"
    assert error.hint == "set HTTPS_PROXY to http://HOST:PORT, or NO_PROXY to receiver.invalid"
    assert not error.permanent
