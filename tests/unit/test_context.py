"""The context of a run: links that are safe to click, the command, who sits in front, and never an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace as Stand

import pytest

from tocsin.capture.context import detect
from tocsin.capture.links import filled, web_link
from tocsin.core.run import Context, Link

POD = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "POD_NAME": "orders-0", "POD_NAMESPACE": "etl"}

#: A program that prints what `detect` says of its own process.
PROGRAM = """
import os, sys
from tocsin.capture.context import detect
found = detect(os.environ, sys.modules)
print(found.command, found.interactive)
"""


def test_a_plain_process_has_a_host_and_nothing_else() -> None:
    """Without an orchestrator there is no link, no logical id, and the attempt is the first."""
    found = detect({}, {})
    assert found == Context(host=found.host)
    assert found.host


def test_what_a_run_ran_with_is_told() -> None:
    """The versions of Python, dlt and Tocsin, of those that are loaded."""
    dlt = Stand(__version__="1.31.0")
    assert detect({}, {"sys": sys, "dlt": dlt}).versions == {
        "python": ".".join(map(str, sys.version_info[:3])),
        "dlt": "1.31.0",
    }


def test_the_users_own_log_address_goes_before_every_other() -> None:
    """TOCSIN__LOG_URL is filled with names, host and process id; what is unknown stays as it was written."""
    template = "https://logs.example/?q={namespace}/{pod}&pid={pid}&x={nothing}&y={}"
    job = {"GITLAB_CI": "true", "CI_JOB_URL": "https://gitlab.example/-/jobs/7"}
    found = detect(POD | job | {"TOCSIN__LOG_URL": template}, {})
    assert [link.label for link in found.links] == ["Log", "GitLab job"]
    assert found.links[0].url == f"https://logs.example/?q=etl/orders-0&pid={os.getpid()}&x={{nothing}}&y={{}}"


def test_a_value_cannot_change_the_address_it_is_put_into() -> None:
    """Values are percent-encoded, so that a name with `&` or `/` stays one value."""
    assert filled("https://l.example/{pod}", {"pod": "a/b&c=?"}) == "https://l.example/a%2Fb%26c%3D%3F"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://ci.example/1", "https://ci.example/1"),
        ("HTTP://ci.example/1", "HTTP://ci.example/1"),
        (" https://ci.example/a b\n", "https://ci.example/a%20b"),  # spaces are encoded, line breaks dropped
        ("https://ci.example/\x1b[31m\u202egnp", "https://ci.example/[31mgnp"),  # escapes and reversed text
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("ci.example/1", None),
        ("None/flow-runs/flow-run/1", None),  # what Prefect says where no address is configured
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(given: object, url: str | None) -> None:
    """A link is http or https and has no invisible characters, or it is no link."""
    assert web_link("Log", given) == ((Link(label="Log", url=url),) if url else ())


class Hostile:
    """A module whose every attribute raises."""

    def __getattr__(self, name: str) -> object:
        """Raise what nobody expects from an attribute."""
        raise ZeroDivisionError(name)


def test_what_cannot_be_read_is_left_out() -> None:
    """Broken modules and a broken variable cost their own facts; the run's other facts stay."""
    names = ("__main__", "sys", "IPython", "prefect.context", "dagster._core.execution.context.compute")
    environ = {"AIRFLOW_CTX_TASK_ID": "half", "GITHUB_ACTIONS": "true", "GITHUB_RUN_ATTEMPT": "third", **POD}
    found = detect(environ, {name: Hostile() for name in names})
    assert (found.orchestrator, found.command, found.interactive) == ("kubernetes", None, False)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["jobs/orders.py"], "jobs/orders.py"),
        (["-m", "jobs.orders"], "python -m jobs.orders"),
        (["-m", "jobs"], "python -m jobs"),  # the package's __main__
        (["jobs"], "jobs/__main__.py"),  # the folder itself
        (["-c", PROGRAM], None),
    ],
)
def test_the_command_is_what_was_started(tmp_path: Path, arguments: list[str], command: str | None) -> None:
    """A script is named relative to the working directory, a module by the command that starts it."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    for name in ("__init__.py", "orders.py", "__main__.py"):
        (jobs / name).write_text("" if name == "__init__.py" else PROGRAM)
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"{command} False\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is made with the module `pty`")
def test_a_person_at_a_terminal_is_noticed(tmp_path: Path) -> None:
    """A process whose standard input is a real terminal is interactive."""
    import pty

    ours, theirs = pty.openpty()
    try:
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=tmp_path, stdin=theirs, capture_output=True, text=True, check=True
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert run.stdout == "None True\n"


@pytest.mark.parametrize(
    ("modules", "interactive"),
    [
        ({"sys": Stand(ps1=">>> ")}, True),  # Python's own shell
        ({"sys": Stand(), "IPython": Stand(get_ipython=object)}, True),  # IPython or a notebook's kernel
        ({"sys": Stand(), "IPython": Stand(get_ipython=lambda: None)}, False),  # a library has loaded IPython
        ({"sys": Stand(stdin=None)}, False),  # a service on Windows has no standard input
    ],
)
def test_shells_and_notebooks_are_interactive(modules: dict[str, object], *, interactive: bool) -> None:
    """A shell is known by its prompt and a notebook by its running IPython."""
    assert detect({}, modules).interactive is interactive


def test_nothing_is_imported_for_it(tmp_path: Path) -> None:
    """The part costs the standard library only, and `detect` itself loads no module, whatever the process has."""
    program = (
        "import os, sys; from tocsin.capture.context import detect; before = set(sys.modules);"
        "detect(os.environ, sys.modules); print(sorted(set(sys.modules) - before));"
        "roots = {name.partition('.')[0] for name in before} - set(sys.builtin_module_names);"
        "print(sorted(roots - sys.stdlib_module_names))"
    )
    environ = os.environ | POD | {"AIRFLOW_CTX_TASK_ID": "t", "TOCSIN__LOG_URL": "https://l.example/{pod}"}
    run = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    loaded, foreign = run.stdout.splitlines()
    assert loaded == "[]"
    assert "tocsin" in foreign
    assert not any(name in foreign for name in ("airflow", "dagster", "prefect", "dlt", "requests"))
