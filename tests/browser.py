"""A browser as far as a login needs one: it keeps cookies for each server, and goes where it is told, not further."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    def __getitem__(self, header: str) -> str:
        """Return a header; an empty text where it is missing."""
        return str(self.headers.get(header, ""))

    @property
    def json(self) -> Any:
        """The document."""
        return json.loads(self.body)

    @property
    def detail(self) -> str:
        """What a problem says."""
        return str(self.json["detail"])


class Browser:
    """Asks servers."""

    def __init__(self, base: str) -> None:
        """Begin without cookies; addresses without a host are below `base`."""
        self.base = base
        self.cookies: dict[str, dict[str, str]] = {}

    def get(self, url: str, **headers: str) -> Answer:
        """Ask for a page; `_` in names of headers is a hyphen."""
        return self.ask("GET", url, **headers)

    def post(self, url: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Send a form, as a page of the server itself would unless headers say otherwise."""
        sent = {"Origin": self.base} if not {"Origin", "Sec_Fetch_Site"} & headers.keys() else {}
        return self.ask("POST", url, urlencode(form or {}), **{"Content_Type": _FORM, **sent, **headers})

    def ask(self, method: str, url: str, body: str | bytes | None = None, **headers: str) -> Answer:
        """Send a request with the cookies of its server, and keep those that come back."""
        target = urlsplit(url if "://" in url else self.base + url)
        jar = self.cookies.setdefault(target.netloc, {})
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        if jar and "Cookie" not in sent:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        try:
            path = target.path + (f"?{target.query}" if target.query else "")
            connection.request(method, path, body.encode() if isinstance(body, str) else body, sent)
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie", []):
                for name, morsel in SimpleCookie(line).items():
                    jar[name] = morsel.value
                    if not morsel.value or morsel["max-age"] == "0":
                        del jar[name]
            return Answer(status=answer.status, headers=answer.headers, body=answer.read().decode())
        finally:
            connection.close()
