"""Whether what was told is what has to be told."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tocsin.cli.demo.receiver import Received
from tocsin.cli.demo.scenes import PlannedRun
from tocsin.cli.demo.slack_view import visible_text
from tocsin.cli.demo.source import API_KEY


def about(pipeline: str, received: Sequence[Received]) -> tuple[Received, ...]:
    """Return the messages whose title names the pipeline."""
    return tuple(message for message in received if re.search(rf"\b{pipeline}\b", message.title))


def wrong_messages(planned: PlannedRun, received: Sequence[Received]) -> list[str]:
    """Return how the messages about a run differ from what has to be told, one sentence each."""
    expected, pipeline = planned.expected, planned.pipeline
    if expected is None:
        return [f"{pipeline}: expected silence, but “{message.title}” came" for message in received]
    if not received:
        return [f"{pipeline}: expected “{expected.title}”, but no message came"]
    first, *more = received
    problems = [f"{pipeline}: “{message.title}” came as well" for message in more]
    # The sign before the title is a matter of looks.
    if not re.fullmatch(rf"\W*{expected.title}", first.title):
        problems.append(f"{pipeline}: expected “{expected.title}”, but “{first.title}” came")
    text = visible_text(first.payload)
    problems += [f"{pipeline}: “{words}” is missing in the message" for words in expected.says if words not in text]
    if API_KEY in text:
        problems.append(f"{pipeline}: the API key of the shop stands in the message")
    return problems
