"""What Dagster keeps of an exception: its texts."""

from __future__ import annotations

import re
from typing import Any

from tocsin.capture.recorder import recorder
from tocsin.core.cause import Cause
from tocsin.core.explain.told import explain_told

#: A line of a traceback that lies in a run of dlt: the plugin, which is in there too, has told of the error.
_IN_DLT = re.compile(r'dlt[\\/]pipeline[\\/]pipeline\.py", line \d+, in (run|extract|normalize|load|_wrap)\b')
#: What dagster-dlt raises after a run of which the plugin has told that it loaded a part only.
_PARTIAL = "DestinationHasFailedJobs"
#: What Python prints between two exceptions of a chain.
_BETWEEN = "\nThe above exception was the direct cause of the following exception:\n\n"
#: In what Dagster wraps an exception.
_WRAPPERS = {"DagsterExecutionStepExecutionError", "RetryRequestedFromPolicy"}


def told_by_plugin(error: Any) -> bool:  # noqa: ANN401  # a SerializableErrorInfo of Dagster's
    """Whether an error came out of a run of dlt, whose own alert tells of it."""
    return any(one.cls_name == _PARTIAL or _IN_DLT.search("".join(one.stack)) for one in _chain(error))


def cause_of(error: Any) -> Cause:  # noqa: ANN401  # as above
    """Return why a step or a run failed."""
    chain = _chain(error)
    texts = [f"Traceback (most recent call last):\n{''.join(one.stack)}{one.message}" for one in reversed(chain)]
    return explain_told(chain[0].message, trace=_BETWEEN.join(texts), language="python", redact=recorder().redact)


def _chain(error: Any) -> list[Any]:  # noqa: ANN401  # as above
    """Return the exceptions from the outermost to the root, but for those in which Dagster wraps the others."""
    chain = []
    while error is not None:
        chain.append(error)
        error = error.cause or error.context
    return [one for one in chain if one.cls_name not in _WRAPPERS] or chain
