"""What of a traceback is read first."""

from __future__ import annotations

from tocsin.core.excerpt import excerpt

_TRACEBACK = """Traceback (most recent call last):
  File "/srv/etl/orders.py", line 12, in outer
    raise KeyError
KeyError

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/dlt/extract/pipe_iterator.py", line 274, in _get_source_item
    pipe_item = next(gen)
                ^^^^^^^^^
  File "/srv/etl/orders.py", line 41, in fetch
    response.raise_for_status()
    ~~~~~~~~~~~~~~~~~~~~~~~~~^^
  File "/usr/lib/python3.11/functools.py", line 5, in call
    return f()
  File "/venv/lib/python3.11/site-packages/requests/models.py", line 1026, in raise_for_status
    raise HTTPError(http_error_msg, response=self)
requests.exceptions.HTTPError: 503 Server Error
for url: https://api.example.com/orders
"""


def test_the_users_lines_and_the_exception_are_kept() -> None:
    """Frames of libraries are counted, marks under a line are dropped, and only the last exception is shown."""
    assert excerpt(_TRACEBACK).splitlines() == [
        "  … 1 frame of libraries",
        '  File "/srv/etl/orders.py", line 41, in fetch',
        "    response.raise_for_status()",
        "  … 2 frames of libraries",
        "requests.exceptions.HTTPError: 503 Server Error",
        "for url: https://api.example.com/orders",
    ]


def test_what_is_too_long_is_cut_at_its_beginning_and_says_so() -> None:
    """The end of a traceback matters most."""
    assert excerpt(_TRACEBACK, most=2).splitlines() == [
        "… 4 lines left out",
        "requests.exceptions.HTTPError: 503 Server Error",
        "for url: https://api.example.com/orders",
    ]


def test_any_other_text_is_kept() -> None:
    """The output of a command is no traceback and is shown as it is."""
    assert excerpt("error: no such table\n  hint: create it\n") == "error: no such table\n  hint: create it"
    assert excerpt("") == ""
