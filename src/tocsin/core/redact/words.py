"""What stands where a secret could stand without being one: masks, types, variables, prose."""

from __future__ import annotations

import re
from functools import cache

#: What a secret becomes when its value is not known by name.
PLACEHOLDER = "[secret]"

#: Values that reveal nothing.
HARMLESS = r"""(?x)
      \[secret(?::[\w.-]+)?\]                                             # done already
    | [*•.…xX]{3,} | <[A-Za-z _-]*>                                       # masked by someone else
    | \$?\{\{?[\w .]*(?:pass|pw|token|secret|key|cred|auth)[\w .]*\}\}?   # f"…{password}…", "${TOKEN}"
    | \$[A-Z_]*(?:PASS|PW|TOKEN|SECRET|KEY|CRED)[A-Z_]* | %s | %\(\w+\)s  # for a shell, for a driver
    | pass(?:word)? | pw | secret | token                                 # the format of a URL, in documentation
"""

# What follows "password:" in a sentence, in a signature or in a schema. None of these words is worth hiding.
# fmt: off
_PROSE = frozenset(
    [
        "a", "an", "and", "any", "are", "be", "but", "can",
        "cannot", "could", "denied", "empty", "error", "expected", "expired", "failed",
        "failure", "field", "forbidden", "found", "from", "given", "got", "has",
        "hidden", "if", "in", "incorrect", "input", "invalid", "is", "it",
        "missing", "must", "my", "no", "not", "of", "on", "only",
        "optional", "or", "please", "provided", "redacted", "rejected", "required", "revoked",
        "run", "see", "set", "should", "that", "the", "this", "to",
        "too", "unable", "unauthorized", "undefined", "unknown", "unsupported", "use", "value",
        "was", "were", "which", "with", "wrong", "you", "your", "bool",
        "bytes", "false", "int", "nil", "none", "null", "object", "str",
        "string", "text", "true", "type", "varchar",
    ]
)
# fmt: on
_TYPE = r"(?s)(?:Optional|Union|Annotated|Literal|Any|Dict|dict|List|list|Mapping|Sequence|Callable)(?:\[.*)?"

# "self.password" and os.environ["PGPASSWORD"] on a source line of a traceback say where a secret comes from.
_CODE = (
    r"(?s)(?:[A-Za-z_][\w.]{0,60}\.)?(?:environ|getenv|secrets|config|settings|args|kwargs|self|cls|get|conf|get_secret)"
    r"(?:\.[A-Za-z_]|\[[\"']|\(|\.get\().{0,250}"
)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return `pattern`, compiled when it is first needed: the import of these modules costs a pipeline nothing."""
    return re.compile(pattern)


def is_prose(value: str) -> bool:
    """Tell whether `value` is the next word of a sentence, or a type: "password: required", "password: str"."""
    return value.rstrip(".,:;!?)]").lower() in _PROSE or bool(compiled(_TYPE).fullmatch(value))


def is_code(value: str, name: str) -> bool:
    """Tell whether `value`, without quotes, is an expression that names a secret and does not hold it."""
    path, _, last = value.rpartition(".")
    if last.lower() == name and (not path or path.replace(".", "_").isidentifier()):
        return True
    return bool(compiled(_CODE).fullmatch(value))
