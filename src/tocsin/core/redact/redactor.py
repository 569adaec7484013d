"""Nothing secret leaves: texts are cleaned in the pipeline's process, before anything is written or sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import unquote_plus

from tocsin.core.redact.known import known_forms
from tocsin.core.redact.patterns import replace_secrets
from tocsin.core.redact.words import PLACEHOLDER, compiled

#: What stands for a text that could not be cleaned: a redactor that fails shows nothing.
WITHHELD = "[text withheld: it could not be checked for secrets]"

#: Characters kept of a longer text. The end is kept, because there a traceback names its error.
LIMIT = 64 * 1024

# A text in which a secret was found is looked at again, so that what one round uncovers the next one sees. Real texts
# settle in the second round.
_ROUNDS = 6
# An ODBC string in a URL is encoded once, and once more where that URL is a parameter itself.
_DECODINGS = 3

_LEFT_OUT = "… {} characters left out\n"
_LEFT_OUT_BEFORE = r"\A… (\d{1,18}) characters left out\n"
_WORD = r"""[^\s"'`<>]+"""


class Redactor:
    """Takes secrets out of text.

    Exact values that are known come first, in every form that texts show them in; then whatever looks like a secret,
    also where it hides behind percent-encoding. What helps a person stays: scheme, host, user name, parameter names.
    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        """Keep the secrets that are known; their forms are worked out with the first text.

        Args:
            known: Name to exact value, for example "destination.postgres.credentials.password" to "hunter2".
        """
        self._known = known or {}

    def __call__(self, text: str) -> str:
        """Return `text` without its secrets; doing it twice changes nothing.

        An exact value becomes "[secret:NAME]", everything else that looks like a secret "[secret]". Of a long text the
        last 64 Ki characters are kept, and the first line says how many are missing. Never raises: a text that
        cannot be checked becomes `WITHHELD`.
        """
        try:
            for _ in range(_ROUNDS):
                before, text = text, self._redact(self._shorten(text))
                if text == before:
                    return text
        except Exception:  # noqa: BLE001  # Whatever went wrong, an unchecked text must not get out.
            return WITHHELD
        return WITHHELD

    @cached_property
    def _forms(self) -> dict[str, str]:
        return known_forms(self._known)

    def _redact(self, text: str) -> str:
        return self._replace_encoded(replace_secrets(self._replace_known(text)))

    def _replace_known(self, text: str) -> str:
        found = [form for form in self._forms if form in text]
        if not found:
            return text
        # Placeholders are matched first: a name may contain the value of another secret.
        kept = sorted({PLACEHOLDER, *self._forms.values()})
        either = re.compile("|".join(map(re.escape, kept + sorted(found, key=len, reverse=True))))
        return either.sub(lambda match: self._forms.get(match[0], match[0]), text)

    def _replace_encoded(self, text: str) -> str:
        return compiled(_WORD).sub(self._decoded_where_secret, text)

    def _decoded_where_secret(self, match: re.Match[str]) -> str:
        """Return the word, or its decoded and cleaned form where only decoding shows the secret in it."""
        word = decoded = match[0]
        for _ in range(_DECODINGS):
            if "%" not in decoded:
                break
            decoded = unquote_plus(decoded)
            clean = replace_secrets(self._replace_known(decoded))
            if clean != decoded:
                return clean
        return word

    def _shorten(self, text: str) -> str:
        """Return the end of `text`, cut at a line, else at a blank: half a secret is known by nothing."""
        left_out = 0
        if before := compiled(_LEFT_OUT_BEFORE).match(text):
            left_out, text = int(before[1]), text[before.end() :]
        if len(text) > LIMIT:
            start = self._after_known(text, len(text) - LIMIT)
            cut = compiled("\n").search(text, start) or compiled(r"\s").search(text, start)
            start = self._after_known(text, cut.end()) if cut else len(text)
            left_out, text = left_out + start, text[start:]
        return _LEFT_OUT.format(left_out) + text if left_out else text

    def _after_known(self, text: str, start: int) -> int:
        """Return where the known value that `start` would cut in two ends, or `start`."""
        for form in self._forms:
            at = text.find(form, max(0, start - len(form) + 1), start + len(form) - 1)
            if at != -1:
                start = max(start, at + len(form))
        return start
