"""What to say of a run whose process ended without saying so itself."""

from __future__ import annotations

from tocsin.core.run import OUT_OF_MEMORY, Run, Stage

_PENDING = " The next run first loads what was left pending."
#: Signals that a process earns itself, mostly in code that is not Python.
_CRASHES = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGSYS")


def say_died(run: Run) -> tuple[str, str]:
    """Return the sentence and the hint for a run that died, by what is known of its end."""
    during = "" if run.stage is Stage.JOB else f" during {run.stage}"
    by = run.ended_by
    if by is None and run.context.pinged:
        text = "it pinged its start, and never how it ended"
        hint = (
            "It was killed, its machine went away, or its last ping did not get here: see what curl says there. If it "
            f'takes longer, raise died_after in [tocsin.pipelines."{run.pipeline}"], or let it ping /log meanwhile.'
        )
    elif by is None and run.told_in_parts:
        text = "no event tells how it ended"
        hint = (
            "Its process was killed, or its events do not get here: look at the log of the run. If it takes longer, "
            f'raise died_after in [tocsin.pipelines."{run.pipeline}"].'
        )
    elif by is None:
        text = f"the process ended without a word{during}"
        hint = (
            "It was killed, ran out of memory or its machine went away. Look at the kernel's or the container's log "
            "for an OOM kill."
        )
    elif by.startswith(OUT_OF_MEMORY):
        text = f"the process ran {by.replace(OUT_OF_MEMORY, f'{OUT_OF_MEMORY}{during}', 1)}"
        hint = "Give it more memory, or let it hold less at a time: " + _LESS.get(run.stage, "smaller batches.")
    elif by.startswith("SIG"):
        crashed = by in _CRASHES
        text = f"the process {'crashed' if crashed else 'was killed'} ({by}){during}"
        hint = (
            "Code that is not Python went wrong, mostly in a driver or an extension. PYTHONFAULTHANDLER=1 in the "
            "environment makes the next crash show its line; look for a newer version of that package."
            if crashed
            else "Somebody or something ended it from outside: a person, a scheduler's time limit, a container that "
            "was stopped, or the kernel for want of memory. Their logs at that time tell."
        )
    else:
        text = f"the process ended with {by}{during}, without a word"
        hint = "Something ended it at once, as os._exit() does, so no error was raised. Its output may tell why."
    return text, hint + (_PENDING if run.stage in {Stage.NORMALIZE, Stage.LOAD} else "")


#: dlt's settings for what each step holds in memory.
_LESS = {
    Stage.EXTRACT: "smaller pages, data_writer.buffer_max_items, fewer extract.workers.",
    Stage.NORMALIZE: "data_writer.buffer_max_items, data_writer.file_max_items, fewer normalize.workers.",
    Stage.LOAD: "data_writer.file_max_items, so that load jobs are smaller, and fewer load.workers.",
}
