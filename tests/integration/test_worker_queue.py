"""The tables of the job queue, and how servers wake workers through them."""

from __future__ import annotations

import logging

import pytest

from real_postgres import Postgres
from tocsin.errors import StoreError
from tocsin.worker import schema
from tocsin.worker.wake import waking
from typed_process import wait_until


@pytest.fixture
def url(postgres: Postgres) -> str:
    """Give a database with our tables, but without those of the job queue."""
    return postgres.database()


def _jobs(server: Postgres, url: str) -> list[tuple[str, str]]:
    found = server.execute("SELECT task_name, status::text FROM procrastinate_jobs", database=url.rpartition("/")[2])
    return [(str(name), str(status)) for name, status in found]


def test_the_tables_are_made_once(postgres: Postgres, url: str) -> None:
    """A second time changes nothing."""
    assert schema.apply(url)
    assert not schema.apply(url)
    assert _jobs(postgres, url) == []


def test_the_queue_of_another_program_is_left_alone(postgres: Postgres, url: str) -> None:
    """Its workers would take our jobs, and ours would change its tables."""
    schema.apply(url)
    postgres.execute("COMMENT ON TABLE procrastinate_jobs IS NULL", database=url.rpartition("/")[2])
    with pytest.raises(StoreError, match="another program made them"):
        schema.apply(url)


def test_many_calls_ask_for_one_job(postgres: Postgres, url: str) -> None:
    """While no worker has taken it, the inbox is asked for once, however much comes in."""
    schema.apply(url)
    with waking(url) as wake:
        for _ in range(100):
            wake()
        wait_until(lambda: _jobs(postgres, url), "the job")
        wake()
    assert _jobs(postgres, url) == [("take_in", "todo")]


def test_a_server_that_can_wake_nobody_says_so_once(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Without the tables of the job queue it goes on, and the workers look by themselves."""
    with caplog.at_level(logging.WARNING, "tocsin"), waking(url) as wake:
        wake()
        wait_until(lambda: caplog.messages, "the warning")
        wake()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("no worker can be woken: ")
