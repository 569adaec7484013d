"""Secrets that a name gives away: password=…, "api_key": "…", Authorization: …, PWD=…;, &sig=…, SECRET '…'."""

from __future__ import annotations

import re
from collections.abc import Callable

from tocsin.core.redact.words import compiled, is_code, is_prose

# Names are matched by how they end: a prefix (DESTINATION__POSTGRES__CREDENTIALS__) needs no look, and "token_usage"
# or "private_key_id" are not among them. A token that continues a page, or that a parser did not expect, is no secret.
_NAME = r"""
    passw(?:or)?d | passphrase | pwd | (?<![a-z])pass(?=\\{0,4}["']|=) | secret | (?<![a-z])credentials?
  | (?<!page)(?<!page[_-])(?<!next)(?<!next[_-])(?<!continuation)(?<!continuation[_-])(?<!unexpected\s)token
  | (?:api|access|private|secret|account|shared|signing|encryption|master|auth|subscription|service|license|session
      |hmac|ssh|rsa|application|app|consumer|deploy|write|function)[ _-]?key
  | authorization | cookie | shared_?access_?signature | (?<=[?&])key(?==[^&\s]{12})
  | (?<![a-z])sig(?==|["']) | (?<![a-z])signature(?==|["']) | (?<=-)signature
  | x-(?:amz|goog)-credential | client_assertion
"""

_HEAD = rf"""(?xi)
    (?P<done> \[secret(?::[\w.-]+)?\] )                                # a placeholder has such names in it
  | (?P<name> {_NAME} ) (?:[_-]?(?:value|b64|base64|str|text|json|\d{{1,2}}))?
    \\{{0,8}}["'`]?\]?                                                 # "name": and environ["name"] =
    (?: [ \t]?:[ \t]?                                                  # the type of an argument with a default
        (?:str|bytes|Any|Optional|Union|Annotated|T?Secret\w{{0,20}}|(?:typing|dlt)\.\w{{1,20}})
        (?:\[[\w., \[\]]{{0,64}}\])? (?:[ ]?\|[ ]?None)? (?=[ ]?=) )?
    [ \t]{{0,8}} (?: =>? | := | == | (?<!:):(?![:/]) ) [ \t]{{0,8}}
  | (?:(?-i:PASSWORD|SECRET|TOKEN)|\bIDENTIFIED[ ]BY)[ \t]{{1,8}}(?=')                       # SQL
  | --[\w-]{{0,40}}(?:password|token|secret|api-?key)[ \t]{{1,8}}(?=[^\s-])                  # arguments of a command
  | (?:setenv|setdefault|putenv)\(\s{{0,8}}["'][\w.]{{0,120}}?(?:{_NAME})["'],\s{{0,8}}(?=["'])
  | (?:password|secret|token|api_?key)>(?=[^<\s]{{1,512}}</)                                 # XML
"""

_OPENING_QUOTE = r"""(?i)[rbfu]{0,2}(\\{0,15})("{3}|'{3}|["'`])"""
_CLOSING_QUOTE = r"(?<!\\)(\\*){}(?=[^\w@]|\Z)"
_SCHEME = r"(?i)(?:Bearer|Basic|Token|Digest|Negotiate|ApiKey|SharedKey|AWS4-HMAC-SHA256)[ \t]+"

# A value that holds more names and values is looked into and not replaced as a whole.
_NESTED = r"""[{\[(]["'`{\[(\s\\]|(?:[A-Z]\w{0,60})?(?:Credentials|Configuration)\w{0,20}\("""
_NESTED_CREDENTIALS = r"""[{\[(]|\\{0,15}["']?(?:\{|[\w+.-]{1,40}://|[~.\w-]{0,40}/[^\s:=]{0,250}\.\w{1,5}\b)"""
_IN_BRACES = r"\{(?:[^}\n]|\}\}){0,512}\}"
_TO_END_OF_LINE = r"""[^\r\n"'\\<>]+"""

# Without quotes a value ends at a blank. At a comma and the like it ends where that cannot be part of it: before a
# blank or before the next name. A password may hold any of them.
_UNQUOTED = r"""(?xi)
    (?: (?:Bearer|Basic|Token)[ ] )?
    (?: \[secret(?::[\w.-]+)?\]
      | [^\s&;,)\]}"'`<>\\]
      | (?: [&;,)\]}"'`>\\] | <(?!/) )
        (?! [\\nrt&;,)\]}"'`>.:!?]{0,8} (?:\s|\Z)
          | (?:\\[nrt]|[nrt]|[\s"'\\&;,)\]}]){0,6} [\w.%-]{1,64} ["'\\]{0,3} [ ]? [=:] )
    )+
"""


def replace_assigned(text: str, hide: Callable[[str], str]) -> str:
    """Return `text` with what `hide` returns in the place of each value whose name says that it is secret."""
    parts, done = [], 0
    while head := compiled(_HEAD).search(text, done):
        start, end = _value(text, head)
        parts += [text[done:start], hide(text[start:end])]
        done = end
    return "".join(parts) + text[done:]


def _value(text: str, head: re.Match[str]) -> tuple[int, int]:
    """Return where the value after `head` begins and ends; twice the end of `head` where nothing is to be hidden."""
    at, name = head.end(), (head["name"] or "").lower()
    if head["done"] or _is_nested(name, text, at):
        return at, at
    if quote := compiled(_OPENING_QUOTE).match(text, at):
        at, end = quote.end(), _closing(text, quote)
        harmless = is_prose(text[at:end])
    elif match := _unquoted(name, text, at):
        end, first = match.end(), match[0].partition(" ")[0]
        harmless = is_prose(first) or is_code(match[0], name) or (name == "pwd" and _is_directory(text, head))
    else:
        return at, at
    if scheme := compiled(_SCHEME).match(text, at, end):
        at = scheme.end()
    return (end, end) if harmless else (at, end)


def _is_nested(name: str, text: str, at: int) -> bool:
    if compiled(_NESTED).match(text, at):
        return True
    return name.startswith("credential") and bool(compiled(_NESTED_CREDENTIALS).match(text, at))


def _unquoted(name: str, text: str, at: int) -> re.Match[str] | None:
    if name in {"authorization", "cookie"}:
        return compiled(_TO_END_OF_LINE).match(text, at)
    if name in {"pwd", "password"} and (match := compiled(_IN_BRACES).match(text, at)):
        return match
    return compiled(_UNQUOTED).match(text, at)


def _closing(text: str, opening: re.Match[str]) -> int:
    """Return where the quoted value ends: at its quote, else at the end of the line.

    A string inside a string has its quotes escaped, with 1, 3, 7… backslashes. A quote inside the value has more.
    """
    escapes, quote = len(opening[1]), opening[2]
    line_end = text.find("\n", opening.end())
    line_end = len(text) if line_end == -1 else line_end
    if len(quote) == 3:  # noqa: PLR2004  # triple quotes
        end = text.find(quote, opening.end())
        return line_end if end == -1 else end
    for closing in compiled(_CLOSING_QUOTE.format(quote)).finditer(text, opening.end(), line_end):
        found = len(closing[1])
        if found < escapes or (found - escapes) % (2 * escapes + 2) == 0:
            return closing.end() - 1 - min(found, escapes)
    return line_end


def _is_directory(text: str, head: re.Match[str]) -> bool:
    """Tell PWD=/home/loader of a shell from ;PWD=… of an ODBC string."""
    return text[head.end()] == "/" and text[head.start() - 1 : head.start()] != ";"
