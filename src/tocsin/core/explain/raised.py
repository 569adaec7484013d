"""The exception chain as data: classes, messages and frames, with nothing of the values that they handled."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tocsin.core.cause import Frame, Raised
from tocsin.core.explain.chain import Chain, only_says_where
from tocsin.core.explain.foreign import names, text
from tocsin.core.explain.frames import is_user_code, stack_of
from tocsin.core.explain.message import cut, first_paragraph

#: Exceptions that are kept of a chain, from both ends, and frames of each, from where it was raised.
_LONGEST_CHAIN = 10
_DEEPEST = 30


def raised(chain: Chain, clean: Callable[[str], str]) -> tuple[Raised, ...]:
    """Return the exceptions from the outermost to the innermost.

    Args:
        chain: All of them.
        clean: Takes secrets and values of rows out of a text.
    """
    # The frames of a chain stand in a few files.
    clean_path = cache(clean)
    errors = chain.errors
    if len(errors) > _LONGEST_CHAIN:
        errors = (*errors[: _LONGEST_CHAIN // 2], *errors[-_LONGEST_CHAIN // 2 :])
    return tuple(
        Raised(
            exception=names(error)[0],
            # dlt's wrappers repeat what they wrap, at times with its whole traceback.
            message=""
            if only_says_where(error) and error is not errors[-1]
            else cut(clean(first_paragraph(text(error)))),
            frames=tuple(
                Frame(
                    file=clean_path(frame.f_code.co_filename),
                    line=line,
                    function=frame.f_code.co_name,
                    own=is_user_code(frame),
                )
                for frame, line in stack_of(error)[-_DEEPEST:]
            ),
        )
        for error in errors
    )
