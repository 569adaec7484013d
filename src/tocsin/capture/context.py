"""Where a run runs: the orchestrator, a link to the log, the command, the host."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from tocsin.capture.links import filled, web_link
from tocsin.capture.orchestrators import DETECTORS
from tocsin.core.run import Context

_log = logging.getLogger("tocsin")
_Fact = TypeVar("_Fact")
_given: ContextVar[Context | None] = ContextVar("given", default=None)


@contextmanager
def given(context: Context) -> Iterator[None]:
    """Let `detect` return this as the innermost context until the end of the block, whatever it would find itself."""
    token = _given.set(context)
    try:
        yield
    finally:
        _given.reset(token)


def detect(environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context:
    """Describe the place of a run that begins now, in the thread that calls.

    Nothing is imported, no network is asked and nothing raises: what cannot be found out is left out.

    Args:
        environ: The environment, usually `os.environ`. `TOCSIN__LOG_URL` is a template of the log's address that goes
            before every link that was found. In it `{host}`, `{pid}` and each of the returned names (`{pod}`,
            `{namespace}`, `{run_id}`, `{dag_id}`…) are replaced; unknown placeholders are left as they are.
        modules: The loaded modules, `sys.modules`.

    Returns:
        The innermost orchestrator with its logical id and attempt; names and links of the outer ones are added. The
        schedule is that of the innermost one that knows it.
    """
    seen = (_guarded(partial(detector, environ, modules), None) for detector in DETECTORS)
    told = _given.get()
    found = [context for context in seen if context and (told is None or context.orchestrator != told.orchestrator)]
    found = [told, *found] if told else found
    context = found[0] if found else Context()
    names = {name: value for each in reversed(found) for name, value in each.names.items()}
    host = _guarded(socket.gethostname, "")
    log_url = filled(environ.get("TOCSIN__LOG_URL", ""), {"host": host, "pid": str(os.getpid()), **names})
    return replace(
        context,
        schedule=next((each.schedule for each in found if each.schedule), None),
        links=web_link("Log", log_url) + tuple(link for each in found for link in each.links),
        names=names,
        command=_guarded(partial(_command, modules.get("__main__")), None),
        host=host,
        versions=_guarded(partial(_versions, modules), {}),
        interactive=_guarded(partial(_interactive, modules), default=False),
    )


def _guarded(fact: Callable[[], _Fact], default: _Fact) -> _Fact:
    """Find a fact out, or go on without it: other people's modules and environments hold surprises."""
    try:
        return fact()
    except Exception as error:  # noqa: BLE001  # the run that is described must not fail by its description
        _log.debug("a part of the run's context is left out: %s", type(error).__name__)
        return default


def _command(main: Any) -> str | None:  # noqa: ANN401  # the module `__main__`, which is anything
    """Name what was started: `python -m pkg.mod`, `orders.py`, or None in a shell, a notebook and `python -c`."""
    spec = getattr(main, "__spec__", None)
    # A started folder or zip file is a module too, without a name of its own.
    if spec is not None and spec.name != "__main__":
        return f"python -m {spec.name.removesuffix('.__main__')}"
    script = getattr(main, "__file__", None)
    if script is None:
        return None
    path = Path(script).absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _versions(modules: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the versions of what decides how a run goes, as far as it is loaded."""
    system = modules.get("sys")
    python = {"python": ".".join(map(str, system.version_info[:3]))} if system is not None else {}
    loaded = {name: getattr(modules.get(name), "__version__", None) for name in ("dlt", "tocsin")}
    return python | {name: str(version) for name, version in loaded.items() if version}


def _interactive(modules: Mapping[str, Any]) -> bool:
    """Tell whether a person waits for the run: a Python shell, IPython or a notebook, or a terminal."""
    system, ipython = modules.get("sys"), modules.get("IPython")
    if hasattr(system, "ps1") or (ipython is not None and ipython.get_ipython() is not None):
        return True
    stdin = getattr(system, "stdin", None)
    return stdin is not None and bool(stdin.isatty())
