"""What waits on the pipeline's disk after a failure, in dlt's own commands."""

from __future__ import annotations

from shlex import quote

from tocsin.core.explain.scene import Scene


def waiting_data(scene: Scene) -> str:
    """Return what the next run will do with pending packages, or where a failed load job is described.

    Verified with dlt 1.31: a run with a pending package loads only that; and a package that failed in normalize has its
    schema with it, so it fails again even when the code has been mended.
    """
    name = quote(scene.facts.pipeline)
    sentences = []
    if scene.job and scene.load_id and scene.step == "load":
        sentences.append(f"The job and its file: `dlt pipeline {name} load-package {scene.load_id}`.")
    if count := len(scene.facts.pending_packages):
        packages = "1 load package is" if count == 1 else f"{count} load packages are"
        give_up = f"`dlt pipeline {name} {scene.facts.give_up}`"
        sentences.append(
            f"{packages} pending (`dlt pipeline {name} info`): the next run loads only that and skips new data."
        )
        if scene.step == "normalize" and not scene.diagnosis.transient:
            sentences.append(
                f"What is pending fails again even after the code is mended, so give it up then: {give_up}."
            )
        elif not scene.diagnosis.transient:
            sentences.append(f"To give it up: {give_up}.")
    return " ".join(sentences)
