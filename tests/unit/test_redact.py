"""What the redactor promises, beyond the lines of the corpus."""

from __future__ import annotations

import base64
import json
import string
import time
import traceback
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.redact import LIMIT, WITHHELD, Redactor

SECRET = "p@ss 'w\"ö\\rd/+&"
NAME = "destination.postgres.credentials.password"
HIDDEN = f"[secret:{NAME}]"
PEM = "-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n".format("MIIFAKE/key+" * 5, "S3CR3T/fake+" * 5)


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        quote(quote_plus(SECRET)),  # a URL that is a parameter of a URL
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(json.dumps(SECRET)),
        repr(SECRET),
        repr(repr(SECRET)),
        repr(SECRET.encode()),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_known_value_goes_in_every_form(shown: str) -> None:
    """A known value is named in the place of each form in which a text shows it."""
    clean = Redactor({NAME: SECRET})(f"server said <{shown}> to us")
    assert HIDDEN in clean
    assert shown not in clean
    assert clean.startswith("server said <")
    assert clean.endswith("> to us")


@pytest.mark.parametrize("user", ["", "u:", "lo:", "svc:", "loader:"])
def test_known_value_goes_inside_longer_base64(user: str) -> None:
    """Basic authentication hides no known password, wherever in a group of bytes it begins."""
    secret = "correct-horse-battery"
    encoded = base64.b64encode(f"{user}{secret}:x".encode()).decode()
    assert HIDDEN in Redactor({NAME: secret})(f"sent {encoded} twice")


def test_password_of_a_known_url_goes_by_itself() -> None:
    """A DSN that is known makes its password known, as written and decoded."""
    redact = Redactor({"dsn": "postgresql://loader:horse%2Bbattery@db.internal/dlt"})
    assert redact("tried horse+battery and horse%2Bbattery") == "tried [secret:dsn] and [secret:dsn]"


def test_known_key_goes_line_by_line() -> None:
    """A line of a known key is hidden where a text shows that line alone."""
    line = PEM.splitlines()[2]
    assert Redactor({"key": PEM})(f"could not parse line {line}") == "could not parse line [secret:key]"


def test_longest_value_first() -> None:
    """A secret that begins another one does not leave the rest of the other behind."""
    redact = Redactor({"short": "hunter2", "long": "hunter2-and-more"})
    assert redact("hunter2-and-more, hunter2") == "[secret:long], [secret:short]"


def test_name_may_contain_another_secret() -> None:
    """A placeholder is not searched for the value of another secret."""
    redact = Redactor({"sources.warehouse_x": "Tr0ub4dor", "other": "warehouse_x"})
    assert redact("Tr0ub4dor warehouse_x") == "[secret:sources.warehouse_x] [secret:other]"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "abc12",  # shorter than 6 characters
        "12345678",  # a number that could be a date
        "postgres",  # a password of development, and a word of every message
        "snowflake",  # a part of the name that it has
    ],
)
def test_values_that_would_mutilate_texts_are_left_alone(value: str) -> None:
    """A value that is an everyday word is hidden as a password and not in a sentence."""
    redact = Redactor({"destination.snowflake.credentials.password": value})
    text = f"loading into {value} was true on 12345678"
    assert redact(text) == text
    assert redact(f"password='{value or 'x'}'") == "password='[secret]'"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("postgresql+psycopg2://u:a:b@c/d@h:5432/db?x=1", "postgresql+psycopg2://u:[secret]@h:5432/db?x=1"),
        ("https://h/x?sig=abc%2F&page=2", "https://h/x?sig=[secret]&page=2"),
        ("host=h password=ab,c)d;e port=5", "host=h password=[secret] port=5"),
        ("SERVER=h;PWD=a,b;UID=u", "SERVER=h;PWD=[secret];UID=u"),
        ('{"password": "a\\"b", "user": "u"}', '{"password": "[secret]", "user": "u"}'),
        ("Authorization: Bearer abcdef", "Authorization: Bearer [secret]"),
        ("password='the quick brown fox'", "password='[secret]'"),
        ("?odbc_connect=UID%3Dsa%3BPWD%3Dx%3BA%3D1", "?odbc_connect=UID=sa;PWD=[secret];A=1"),
        ('password = """a"b\nc"""', 'password = """[secret]"""'),
        ("password = 'never closed\nnext line", "password = '[secret]\nnext line"),
        (f"key:\n{PEM}done", "key:\n[secret]\ndone"),
    ],
)
def test_what_helps_a_person_stays(text: str, clean: str) -> None:
    """Only the secret itself is replaced; scheme, host, user and the other parameters are kept."""
    assert Redactor()(text) == clean


# Templates with the characters that cannot stand in them raw.
TEMPLATES = [
    ('create_engine("postgresql://loader:{}@db.internal:5432/dlt")', "\"'`<>:/@"),
    ("mysql//root:{}@127.0.0.1/db", "\"'`<>:/@"),
    ("{{'username': 'loader', 'password': '{}', 'port': 5432}}", "'\\"),
    ('{{"client_secret":"{}","page":2}}', '"\\'),
    ('sources.github.api_key = "{}"', '"\\'),
    ("host=db user=loader password={} dbname=dlt", "\"'`<>=:\\{}[]()&;,"),
    ("DRIVER={{ODBC}};UID=sa;PWD={};Encrypt=yes", "\"'`<>=:\\{}[]()&;,/"),
    ("GET /v1?page=2&access_token={}&limit=100", "\"'`<>=:\\{}[]()&;,%#"),
    ("Authorization: Bearer {}", "\"'`<>\\"),
]
ALPHABET = string.ascii_letters + string.digits + "!$*+-._~^|#?&;,=()@:%/{}[]"


@st.composite
def leaks(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a text with a password in it, and the password."""
    template, impossible = draw(st.sampled_from(TEMPLATES))
    allowed = sorted(set(ALPHABET) - set(impossible))
    body = draw(st.text(allowed, min_size=6, max_size=40))
    # The digits keep the password from being a word of the text around it, or a variable.
    secret = f"9{body}7Q"
    return template.format(secret), secret


@given(leaks())
def test_passwords_that_no_line_was_written_for(leak: tuple[str, str]) -> None:
    """A password of any characters goes, whether or not it is known."""
    text, secret = leak
    for redact in Redactor(), Redactor({NAME: secret}):
        clean = redact(text)
        assert secret not in clean
        assert clean != WITHHELD
        assert "[secret" in clean


FRAGMENTS = st.sampled_from(
    [
        *("password", "token", "secret", "sig=", "api_key", "authorization:", "Bearer", "Basic", "PWD=", "-----BEGIN"),
        *(
            "[secret]",
            "[secret:a.b]",
            "://",
            "//",
            "u:p@h",
            "eyJhbGciOi",
            ".eyJhbGciOi",
            "hunter2",
            "str",
            "%25",
            "%3D",
        ),
        *("\\", '\\"', *"%@=:;&,.'`<>{}[]()-_ \n\""),
    ]
)


@given(st.lists(FRAGMENTS | st.text(max_size=5), max_size=30).map("".join))
def test_twice_is_once(text: str) -> None:
    """Redacting what is redacted changes nothing, whatever the text."""
    redact = Redactor({"a.b": "hunter2"})
    clean = redact(text)
    assert redact(clean) == clean
    assert "hunter2" not in clean


class BrokenVault(Mapping[str, str]):
    """Secrets that cannot be read."""

    def __getitem__(self, name: str) -> str:
        raise OSError(name)

    def __iter__(self) -> Iterator[str]:
        raise OSError("vault is sealed")

    def __len__(self) -> int:
        return 1


def test_failure_shows_nothing() -> None:
    """Secrets that cannot be read withhold the text instead of raising."""
    assert Redactor(BrokenVault())("password is fine") == WITHHELD


def test_what_is_no_text_shows_nothing() -> None:
    """A value that is no text is withheld, since nothing could look into it."""
    assert Redactor()(b"password=x") == WITHHELD  # type: ignore[arg-type]


def test_long_text_keeps_its_end_and_says_so() -> None:
    """The last lines of a long text are kept, and what was left out is counted."""
    text = "".join(f"line {number}\n" for number in range(20_000))
    first, _, kept = Redactor()(text).partition("\n")
    assert len(kept) <= LIMIT
    assert text.endswith(kept)
    assert kept.startswith("line ")
    assert first == f"… {len(text) - len(kept)} characters left out"
    assert Redactor()(f"{first}\n{kept}") == f"{first}\n{kept}"


@pytest.mark.parametrize("shift", [0, 12, 24])
def test_cut_leaves_no_half_of_a_known_secret(shift: int) -> None:
    """A known value that lies across the cut goes as a whole, also where it has blanks."""
    secret = "correct horse battery staple"
    text = "x" * 100 + " " + secret + " " + "y" * (LIMIT - shift)
    clean = Redactor({NAME: secret})(text)
    assert not [word for word in secret.split() if word in clean]


def test_cut_leaves_no_half_of_a_key() -> None:
    """A key whose first lines were cut off is hidden by its end."""
    lines = PEM.splitlines()
    text = "\n".join(lines[1:2] * 500 + lines[1:]) + "\nerror" + " y" * (LIMIT // 2 - 500)
    clean = Redactor()(text)
    assert "S3CR3T" not in clean
    assert "\nerror y y" in clean


def test_text_without_a_blank_is_left_out_when_too_long() -> None:
    """Where no safe place to cut exists, nothing is kept."""
    assert Redactor()("x" * (LIMIT + 1)) == f"… {LIMIT + 1} characters left out\n"


@pytest.mark.parametrize(
    "part",
    [
        *(
            "a://",
            "://a:",
            "ab//",
            "password=",
            'password="',
            "password={a ",
            "token=self.",
            "\\",
            "'",
            "-",
            "%25 ",
            "%3D",
        ),
        *(
            "eyJ",
            "-----BEGIN PRIVATE KEY-----",
            "A" * 17 + "\n",
            "a:b@",
            "auth=('a','",
            "password>",
            "A1b2C3",
            "bearer ",
        ),
    ],
)
def test_work_grows_with_the_text_and_not_faster(part: str) -> None:
    """Ten times the text takes about ten times as long; a pattern that backtracks would take a hundred times."""
    redact = Redactor({NAME: SECRET})
    redact("patterns are compiled with the first text")

    def seconds(length: int) -> float:
        text = (part * length)[:length]
        best = float("inf")
        for _ in range(2):
            start = time.process_time()
            redact(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(20_000) < 50 * max(seconds(2_000), 0.001)


def test_real_traceback_loses_the_password_only() -> None:
    """A traceback keeps its frames and loses the password on its source line."""
    try:
        {"credentials": "postgresql://loader:S3CR3T@h/db"}["x"]
    except KeyError:
        text = traceback.format_exc()
    assert Redactor()(text) == text.replace("S3CR3T", "[secret]")
    assert "S3CR3T" in text
