"""What a run may have in common with others that are in trouble."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.core.explain import likeness, reason
from tocsin.core.finding import Trait
from tocsin.core.run import Run

#: Characters of a reason that tell enough of it.
_LONGEST = 200


def traits_of(run: Run) -> Mapping[str, str]:
    """Return what is known of a run, by `Trait`."""
    cause = run.cause
    known = {
        Trait.CAUSE: likeness(cause) if cause else run.ended_by,
        Trait.REASON: reason(cause)[:_LONGEST] if cause else None,
        Trait.DESTINATION: run.destination,
        Trait.HOST: run.context.host,
        Trait.TABLE: cause.table if cause else None,
    }
    return {trait.value: value for trait, value in known.items() if value}
