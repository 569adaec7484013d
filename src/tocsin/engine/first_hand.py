"""What an onlooker tells of a failure, and its own process has told, or will tell, by itself."""

from __future__ import annotations

from tocsin.core.run import Outcome, Run
from tocsin.store.protocol import Transaction

#: Runs of the same pipeline, and of any other, among which that of the attempt is looked for.
_OWN, _ANY = 20, 200
#: What has failed, or goes on as far as is known, and so has an alert or will get one.
_TELLS = frozenset({Outcome.RUNNING, *(outcome for outcome in Outcome if outcome.bad)})


def known_first_hand(tx: Transaction, run: Run) -> bool:
    """Return whether an attempt is known from its own process, or each part of a run that failed by its parts.

    The process may tell it under another name: a task of Airflow runs a pipeline of dlt.
    """
    near = [
        *tx.runs(pipeline=run.pipeline, environment=run.environment, limit=_OWN),
        *tx.runs(environment=run.environment, outcomes=_TELLS, limit=_ANY),
    ]
    telling = [one for one in near if one.id != run.id and one.outcome in _TELLS]
    if run.parts:
        # Nobody has counted their attempts, and an alert that one of them has opened is open.
        known = [f"{one.context.logical_id}/" for one in telling]
        return all(any(each.startswith(f"{part}/") for each in known) for part in run.parts)
    here = run.context.logical_id, run.context.attempt
    first_hand = {(one.context.logical_id, one.context.attempt) for one in telling if not one.second_hand}
    return run.context.logical_id is not None and here in first_hand
