"""The root exception's message, as short as it stays useful."""

from __future__ import annotations

import re

from tocsin.core.cause import CauseClass
from tocsin.core.explain.diagnosis import Diagnosis
from tocsin.core.explain.foreign import is_a, read, read_text, short_name, text
from tocsin.core.explain.missing_config import listed
from tocsin.core.explain.scene import Scene

LONGEST_MESSAGE = 500
#: dlt's own prefixes, which repeat the pipeline or the resource.
_CONTEXT = re.compile(r"^In (?:schema|processing pipe) `[^`]*`: ")
_PARAGRAPH = re.compile(r"\n\s*\n")


def message_of(scene: Scene) -> str:
    """Return what the exception says, in one paragraph of at most 500 characters, redacted."""
    words = _words(scene) or short_name(scene.chain.root)
    if scene.chain.leaves > 1:
        words = f"first of {scene.chain.leaves} errors: {words}"
    return cut(scene.clean(words))


def first_paragraph(words: str) -> str:
    """Return the first paragraph in one line: dlt's messages go on for pages with advice that the hint gives better."""
    return " ".join(_PARAGRAPH.split(words.strip(), maxsplit=1)[0].split())


def cut(words: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return `words` with the number of characters that did not fit."""
    if len(words) <= longest:
        return words
    # 24 characters are enough for the note.
    kept = words[: longest - 24].rstrip()
    return f"{kept}… (+{len(words) - len(kept):,} characters)"


def _words(scene: Scene) -> str:
    root = scene.chain.root
    if scene.diagnosis is Diagnosis.MISSING_CONFIG and scene.missing:
        names = listed([field.name for field in scene.missing])
        asked = ", ".join(dict.fromkeys(p for field in scene.missing for p in field.providers))
        return f"missing {names} of {read(root, 'spec_name')}; dlt looked in: {asked}"
    if is_a(root, {"SystemExit"}):
        return f"the code called sys.exit({read(root, 'code')!r})"
    if scene.diagnosis is Diagnosis.UNKNOWN_DESTINATION:
        return f"unknown destination {read(root, 'ref')!r}"
    if is_a(root, {"dlt.common.exceptions.MissingDependencyException"}):
        needed = read(root, "dependencies")
        return f"{read(root, 'caller')} needs {listed(list(needed) if isinstance(needed, list | tuple) else [])}"
    said = _CONTEXT.sub("", first_paragraph(read_text(root, "failed_message") or text(root)))
    below = first_paragraph(text(scene.chain.below[0])) if scene.chain.below else ""
    if scene.diagnosis.cause_class is CauseClass.NETWORK and below:
        # What counts lies at the bottom: requests puts three classes around "Connection refused".
        return f"{below} ({scene.peer})" if scene.peer and scene.peer not in below else below
    return said
