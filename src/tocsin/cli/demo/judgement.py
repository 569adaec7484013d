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
    wanted, pipeline = (planned.expected, *planned.besides), planned.pipeline
    left, problems = list(received), list[str]()
    for expected in wanted:
        if expected is None:
            return [f"{pipeline}: expected silence, but “{message.title}” came" for message in received]
        # The sign before the title is a matter of looks.
        found = next((message for message in left if re.fullmatch(rf"\W*{expected.title}", message.title)), None)
        if found is None:
            came = f"“{left.pop(0).title}” came" if left else "no message came"
            problems.append(f"{pipeline}: expected “{expected.title}”, but {came}")
            continue
        left.remove(found)
        text = visible_text(found.payload)
        problems += [f"{pipeline}: “{words}” is missing in the message" for words in expected.says if words not in text]
    problems += [f"{pipeline}: “{message.title}” came as well" for message in left]
    if any(API_KEY in visible_text(message.payload) for message in received):
        problems.append(f"{pipeline}: the API key of the shop stands in the message")
    return problems
