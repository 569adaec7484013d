"""From an exception to a Cause."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.core.cause import Cause
from tocsin.core.explain.chain import Chain, walk
from tocsin.core.explain.diagnose import diagnose
from tocsin.core.explain.diagnosis import Diagnosis
from tocsin.core.explain.foreign import LONGEST_TEXT, names, short_name
from tocsin.core.explain.frames import end_of, location, traceback_of
from tocsin.core.explain.hints import hint_for
from tocsin.core.explain.http import answer_in, hide_queries, peer_in, url_in
from tocsin.core.explain.message import message_of
from tocsin.core.explain.missing_config import missing_fields
from tocsin.core.explain.raised import raised
from tocsin.core.explain.row_values import hide_row_values
from tocsin.core.explain.scene import RunFacts, Scene, first_told, table_and_column

#: In the place of a text that could not be redacted.
WITHHELD = "(withheld: the redactor failed)"


def explain(error: BaseException, *, redact: Callable[[str], str], step: str | None = None, facts: RunFacts) -> Cause:
    """Return why a run failed.

    Never raises, whatever the exception does when it is looked at: class, exception and step are always there.

    Args:
        error: The exception that ended the run, with its chain.
        redact: Takes secrets out of a text. A text for which it fails is withheld.
        step: Where it happened, if known better than the exception knows ("extract", "sync", "after"…).
        facts: What is known of the run.
    """
    try:
        return _explain(error, redact=redact, step=step, facts=facts)
    except BaseException:  # noqa: BLE001 - it runs in the user's process, on objects that may do anything
        diagnosis = Diagnosis.CODE
        return Cause(
            cause_class=diagnosis.cause_class,
            exception=names(error)[0],
            message="(the exception could not be read)",
            step=step,
            chain=(short_name(error),),
        )


def _explain(error: BaseException, *, redact: Callable[[str], str], step: str | None, facts: RunFacts) -> Cause:
    clean = cleaner(redact)
    chain = walk(error)
    scene = _scene(chain, clean, step, facts)
    return Cause(
        cause_class=scene.diagnosis.cause_class,
        exception=names(chain.root)[0],
        message=message_of(scene),
        hint=hint_for(scene),
        transient=scene.diagnosis.transient,
        step=scene.step,
        resource=scene.resource,
        table=scene.table,
        column=scene.column,
        job=scene.job,
        load_id=scene.load_id,
        url=scene.url,
        status=scene.answer.status if scene.answer else None,
        location=scene.location,
        chain=tuple(short_name(e) for e in chain.shown),
        raised=raised(chain, clean),
        # Redacted as a whole before it is cut: half a secret would not be known as one.
        traceback=end_of(clean(traceback_of(chain.traced))),
    )


def _scene(chain: Chain, clean: Callable[[str], str], step: str | None, facts: RunFacts) -> Scene:
    def told(*paths: tuple[str, ...]) -> str | None:
        return _cleaned(first_told(chain, *paths), clean)

    table, column = table_and_column(chain)
    answer = answer_in((*chain.sources, *chain.outwards))
    url = url_in((*chain.sources, *chain.outwards, *chain.below))
    step = step or told(("step",))
    return Scene(
        diagnosis=diagnose(chain, answer, step=step),
        chain=chain,
        facts=facts,
        clean=clean,
        step=step,
        resource=told(("pipe_name",), ("resource_name",)),
        table=_cleaned(table, clean),
        column=_cleaned(column, clean),
        job=told(("job_id",)),
        load_id=told(("load_id",)),
        answer=answer,
        url=_cleaned(url, clean),
        peer=_cleaned(peer_in((chain.root, *chain.below), url), clean),
        location=_cleaned(location((*chain.outwards, *chain.below)), clean),
        missing=missing_fields(chain.root),
    )


def _cleaned(text: str | None, clean: Callable[[str], str]) -> str | None:
    return clean(text) if text else None


def cleaner(redact: Callable[[str], str]) -> Callable[[str], str]:
    """Return what takes secrets, queries and values of rows out of a text, and withholds what it fails on."""

    def clean(text: str) -> str:
        # Nothing that is shown is longer, and a redactor's patterns take their time with megabytes.
        bounded = text[-2 * LONGEST_TEXT :]
        try:
            return redact(hide_queries(hide_row_values(bounded)))
        except BaseException:  # noqa: BLE001 - never part of the problem; a text that is not redacted does not leave
            return WITHHELD

    return clean
