"""What a secret looks like when its value is not known: shapes of keys, of URLs and of headers.

Every pattern takes time in proportion to the text. It begins where it cannot begin again one character later, and it
either consumes what it looked at or looks no further than a fixed length.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

from tocsin.core.redact.assignments import replace_assigned
from tocsin.core.redact.words import HARMLESS, PLACEHOLDER, compiled

# The beginning of a word, also right after a line break that is shown as "\n".
_START = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))"

# Group 1 is the secret. Sources: the vendors' pages on the format of their keys.
_SHAPES = (
    # JSON web tokens, MotherDuck's and Supabase's keys among them.
    _START + r"(eyJ[\w-]{8,}(?:\.[\w-]+){1,4})",
    # Slack, GitHub, GitLab.
    _START + r"((?:xox[a-z](?:\.xox[a-z])?-|xapp-|gh[pousr]_|github_pat_|glpat-)[\w-]{10,})",
    # AWS access keys, Google keys and OAuth tokens.
    _START + r"((?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w-]{30,}|ya29\.[\w-]{16,}|GOCSPX-[\w-]{16,})",
    # Stripe, webhook signing secrets, OpenAI and Anthropic, Databricks, Hugging Face, npm, PyPI, Vault.
    _START + r"((?:[sr]k_(?:live|test)_|whsec_|sk-|dapi(?=[0-9a-f]{24})|hf_|npm_|pypi-AgE|hvs\.)[\w+/=-]{16,})",
    # Our own keys.
    _START + r"(tocsin_[0-9a-f]{12}_[\w-]{16,})",
    # SendGrid, Shopify, HubSpot, Notion, Airtable, Linear.
    _START + r"(SG\.[\w-]{10,64}\.[\w-]{10,}|shp(?:at|ca|pa|ss)_\w{16,}|pat-(?:na|eu)\d-[\w-]{16,})",
    _START + r"((?:secret|ntn)_[A-Za-z0-9]{30,}|pat[A-Za-z0-9]{14}\.\w{30,}|lin_api_\w{16,})",
    # Telegram bots, alone and in their URLs.
    r"(?<![A-Za-z0-9_])(?:bot)?(\d{6,12}:[A-Za-z0-9_-]{20,})",
    # Webhooks whose path is the secret: Slack, Discord, Teams, Healthchecks.
    (
        r"(?:hooks\.slack(?:-gov)?\.com/\w{1,20}/|discord(?:app)?\.com/api/webhooks/\d{1,24}/"
        r"|webhook\.office\.com/webhookb2/|hc-ping\.com/)([\w/@.%-]*[\w/%])"
    ),
    # A token for a user name, as Git and Sentry have it. A DSN's public key lets anyone send events.
    r"//(?=(?:[A-Za-z_-]{0,64}\d){4})([A-Za-z0-9_-]{20,255})@",
    # user:password@host without a scheme, as the drivers of Go and proxies have it.
    (
        r"(?<![\w.@/%+:-])(?!mailto:)[\w.-]{1,64}:([^\s:@/\"'`<>]{1,255})@"
        r"(?=(?:tcp|unix)\(|(?:localhost|\w[\w-]{0,62}(?:\.[\w-]{1,63}){1,8})(?::\d{2,5}\b|/))"
    ),
    # Secret access keys of AWS, where they stand alone: 40 characters with capitals, small letters and digits.
    (
        r"(?<![\w/+=.-])(?=(?:[A-Za-z/+]{0,39}\d){3})(?=[^A-Z\s]{0,39}[A-Z])(?=[^a-z\s]{0,39}[a-z])"
        r"([A-Za-z0-9/+]{40})(?![\w/+=.-])"
    ),
    # Private keys without their PEM lines, as Snowflake takes them.
    r"(?<![A-Za-z0-9+/])(MI[A-Za-z0-9+/]{100,}={0,2})",
    # Arguments of requests' and dlt's authentication, and of types that hold secrets.
    (
        r"(?:\bauth ?= ?\(|Auth\(|\bT?Secret\w{0,20}\()\s{0,8}"
        r"(?:(?:\"[^\"\n]{0,255}\"|'[^'\n]{0,255}'|[\w.]{1,255})\s{0,8},\s{0,8})?[\"']([^\"'\n]{1,4096})[\"']\s{0,8}[,)]"
    ),
    # Authorization without its header: "Bearer …", "Token …".
    r"(?i:\bbearer)[ \t]{1,8}([\w.~+/-]{6,}=*)",
    r"(?i:\btoken)[ \t]{1,8}((?=[^\d\s]{0,64}\d)[\w.~+/-]{16,}=*)",
    r"(?i:\bbasic)[ \t]{1,8}([A-Za-z0-9+/_-]{4,}={0,2})",
)

_PEM = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----((?:[^-]|-(?!----))*)(-----END [A-Z0-9 ]{0,60}-----)?"
_PEM_TAIL = r"\A((?:… \d+ characters left out\n)?)[A-Za-z0-9+/=\s]+-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----"
_PEM_LINES = r"(?:(?:\s|\\[rn]){0,8}[A-Za-z0-9+/=]{16,})*"

_AUTHORITY = r"(?:[A-Za-z][A-Za-z0-9+.-]|:)//"
_AUTHORITY_END = r"\s|[A-Za-z0-9]://"
_USER = r"""[^\s/?#@:"'`<>\[\](){},]{0,255}:"""
_PORT = r"\d{1,5}(?:[/?#]|\Z)"

_Hide = Callable[[str], str]


def replace_secrets(text: str, found: Callable[[str], object] | None = None) -> str:
    """Return `text` with "[secret]" in the place of everything that looks like a secret.

    Args:
        text: What to look at.
        found: Is told each secret that was replaced.
    """

    def hide(secret: str) -> str:
        if not secret or compiled(HARMLESS).fullmatch(secret):
            return secret
        if found:
            found(secret)
        return PLACEHOLDER

    text = compiled(_PEM).sub(lambda match: _without_key(match, hide), text)
    text = compiled(_PEM_TAIL).sub(lambda match: match[1] + PLACEHOLDER, text)
    text = _replace_passwords_of_urls(text, hide)
    for shape in _SHAPES:
        text = compiled(shape).sub(lambda match: _without_group(match, hide), text)
    return replace_assigned(text, hide)


def _without_group(match: re.Match[str], hide: _Hide) -> str:
    secret, at = match[1], match.start()
    if _is_prose(match[0], secret):
        return match[0]
    return match[0][: match.start(1) - at] + hide(secret) + match[0][match.end(1) - at :]


def _is_prose(whole: str, secret: str) -> bool:
    """Tell whether "Bearer authentication" and "Basic auth" are words and not credentials."""
    scheme = whole[:6].lower()
    if scheme == "bearer":
        return secret.isalpha() and secret[1:].islower() and len(secret) < 20  # noqa: PLR2004  # longer than any word
    if scheme.startswith("basic"):
        try:
            standard = secret.rstrip("=").replace("-", "+").replace("_", "/")
            return b":" not in base64.b64decode(standard + "=" * (-len(standard) % 4))
        except binascii.Error:
            return True
    return False


def _without_key(match: re.Match[str], hide: _Hide) -> str:
    if match[2]:
        return hide(match[0])
    # The end of the key is missing, so that only what looks like lines of it goes.
    lines = compiled(_PEM_LINES).match(match[1])
    end = match.start(1) - match.start() + (lines.end() if lines else 0)
    return hide(match[0][:end]) + match[0][end:]


def _replace_passwords_of_urls(text: str, hide: _Hide) -> str:
    """Replace passwords in "scheme://user:password@host", also where the colon is missing or it holds any character."""
    parts, done = [], 0
    while head := compiled(_AUTHORITY).search(text, done):
        end = compiled(_AUTHORITY_END).search(text, head.end())
        authority = text[head.end() : end.start() if end else len(text)]
        parts += [text[done : head.end()], _without_password(authority, hide)]
        done = head.end() + len(authority)
    return "".join(parts) + text[done:]


def _without_password(authority: str, hide: _Hide) -> str:
    user = compiled(_USER).match(authority)
    if not user:
        return authority
    rest = authority[user.end() :]
    unquoted = re.split(r"""["'`<>]""", rest, maxsplit=1)[0]
    port = compiled(_PORT).match(unquoted)
    # A password may hold quotes. Where a port ends at one, the "@" behind it belongs to something else.
    at = unquoted.rfind("@") if port or "@" in unquoted else rest.rfind("@")
    if at < 1 or (port and ("." in user[0] or user[0] == "localhost:")):
        return authority
    return user[0] + hide(rest[:at]) + rest[at:]
