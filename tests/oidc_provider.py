"""A real provider of OpenID Connect on the loopback: authlib's server side, with real keys and signatures.

Whoever comes is `provider.user`, and consents. `provider.forge` changes what is signed, and `provider.key` with what.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID = "tocsin"
CLIENT_SECRET = "made-up client secret"


class _Client(ClientMixin):
    """Tocsin, as the provider knows it."""

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        return str(scope)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return urlsplit(redirect_uri).path == "/login/oidc/callback"

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class _Code(AuthorizationCodeMixin):
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class _Request(OAuth2Request):
    def __init__(self, method: str, uri: str, form: dict[str, str], headers: Any) -> None:
        super().__init__(method, uri, headers=headers)
        self._form = form
        self.payload = BasicOAuth2Payload(dict(parse_qsl(urlsplit(uri).query)) | form)

    @property
    def args(self) -> dict[str, str | None]:
        return {**dict(parse_qsl(urlsplit(self.uri).query))}

    @property
    def form(self) -> dict[str, str]:
        return self._form


@dataclass
class Provider:
    """What the test says and sees."""

    issuer: str
    #: Who comes: the claims of the ID token.
    user: dict[str, Any] = field(default_factory=lambda: {"sub": "1"})
    #: What the ID token says instead of the truth; None leaves a claim out.
    forge: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    #: What the provider says of itself instead of the truth.
    metadata: dict[str, Any] = field(default_factory=dict)
    #: The keys that it publishes, if not `key` alone.
    published: list[Any] = field(default_factory=list)
    codes: dict[str, _Code] = field(default_factory=dict)
    #: Requests to `/authorize`, and how many came to each path.
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def describe(self) -> dict[str, Any]:
        """Return the metadata."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
        } | self.metadata

    def keys(self) -> dict[str, Any]:
        """Return the keys that signatures are checked with."""
        return dict(KeySet(self.published or [self.key]).as_dict(private=False))


class _Server(AuthorizationServer):
    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider
        generator = BearerTokenGenerator(lambda **_: f"access-{time.monotonic_ns()}")
        self.register_token_generator("default", generator)
        self.register_grant(_grant(provider), [CodeChallenge(required=True), _IdToken(provider)])

    def query_client(self, client_id: str) -> Any:
        return _Client() if client_id == CLIENT_ID else None

    def save_token(self, token: Any, request: Any) -> None:
        pass

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        pass

    def create_oauth2_request(self, request: Any) -> _Request:
        return request if isinstance(request, _Request) else _Request(*request)

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, Any]:
        return status, body, headers


class _IdToken(OpenIDCode):
    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce: str, request: Any) -> bool:  # noqa: ARG002
        return False

    def resolve_client_private_key(self, client: Any) -> Any:  # noqa: ARG002
        return self.provider.key

    def get_client_claims(self, client: Any) -> dict[str, Any]:  # noqa: ARG002
        return {"iss": self.provider.issuer, "aud": [CLIENT_ID]}

    def generate_user_info(self, user: Any, scope: str) -> Any:  # noqa: ARG002
        return self.provider.user

    def encode_id_token(self, token: Any, request: Any) -> str:
        honest = super().encode_id_token(token, request)
        key = self.provider.key
        claims = {**jwt.decode(honest, key, ["RS256"]).claims, **self.provider.forge}
        claims = {name: value for name, value in claims.items() if value is not None}
        return str(jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key, ["RS256"]))


def _grant(provider: Provider) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = request.payload.data
            provider.codes[code] = _Code(
                code=code,
                redirect_uri=asked["redirect_uri"],
                scope=asked["scope"],
                nonce=asked["nonce"],
                code_challenge=asked["code_challenge"],
                code_challenge_method=asked["code_challenge_method"],
            )

        def query_authorization_code(self, code: str, client: Any) -> _Code | None:  # noqa: ARG002
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Any) -> None:
            del provider.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Any) -> dict[str, Any]:  # noqa: ARG002
            return provider.user

    return Grant


@contextmanager
def providing() -> Iterator[Provider]:
    """Run a provider for the length of a `with` block."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as listener:
        provider = Provider(issuer=f"http://localhost:{listener.server_port}")
        server = _Server(provider)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                provider.paths[path] += 1
                match path:
                    case "/.well-known/openid-configuration":
                        self._answer(200, provider.describe(), [("Content-Type", "application/json")])
                    case "/jwks":
                        self._answer(200, provider.keys(), [("Content-Type", "application/json")])
                    case "/authorize":
                        request = self._request({})
                        provider.asked.append(request.args)
                        consent: Any = server.get_consent_grant
                        answer: Any = server.create_authorization_response
                        self._answer(*answer(request, provider.user, grant=consent(request, provider.user)))
                    case _:
                        self._answer(404, "", [])

            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                self._answer(*server.create_token_response(self._request(form)))

            def _request(self, form: dict[str, str]) -> _Request:
                return _Request(self.command, f"{provider.issuer}{self.path}", form, self.headers)

            def _answer(self, status: int, body: Any, headers: Any) -> None:
                content = (json.dumps(body) if isinstance(body, dict) else str(body)).encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        listener.RequestHandlerClass = Handler
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield provider
        finally:
            listener.shutdown()
            thread.join()
