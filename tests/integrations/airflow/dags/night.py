"""What can become of tasks and of runs of DAGs, for Airflow 2 and 3. Each DAG runs once, as soon as it is known."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

try:
    from airflow.sdk import dag, get_current_context, task
    from airflow.sdk.exceptions import AirflowSkipException
except ImportError:
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowSkipException
    from airflow.operators.python import get_current_context


from airflow.providers.standard.operators.bash import BashOperator

from tocsin.integrations.airflow import TocsinNotifier, callbacks

ONCE = {"start_date": datetime(2026, 11, 1, 6, tzinfo=UTC), "catchup": False}
SCRIPT = Path(__file__).parent / "load_books.script"


@dag(schedule="@once", **ONCE, default_args={**callbacks(), "owner": "night-shift"})
def night() -> None:  # noqa: C901  # one function a task
    """Tasks that tell how they ended."""

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def flaky() -> None:
        if get_current_context()["ti"].try_number == 1:
            raise OSError("the first try fails")

    @task(retries=1, retry_delay=timedelta(seconds=1))
    def export() -> None:
        rates: dict[str, float] = {}
        try:
            rates["GBP"]
        except KeyError as error:
            raise RuntimeError("no way to postgresql://shop:hunter2@db.example/shop") from error

    @task
    def mail() -> None:
        """Wait for the export."""

    @task
    def archive() -> None:
        """Wait for the mail."""

    @task(trigger_rule="all_done")
    def clean_up() -> None:
        """Run whatever became of the export."""

    @task
    def load() -> None:
        import dlt

        @dlt.resource
        def parcels() -> Iterator[dict[str, int]]:
            yield {"id": 1}
            raise ConnectionError("the carrier does not answer")

        dlt.pipeline("parcels", destination="duckdb", dataset_name="shop").run(parcels())

    @task
    def look() -> None:
        raise AirflowSkipException("nothing to look at")

    @task
    def send(number: int) -> None:
        if number:
            raise ValueError(f"letter {number} has no address")

    BashOperator(task_id="load_books", bash_command=f"{sys.executable} {SCRIPT}", append_env=True)

    exported = export()
    exported >> mail() >> archive()
    exported >> clean_up()
    flaky()
    load() >> look()
    send.expand(number=[0, 1])


@dag(schedule="@once", **ONCE, on_failure_callback=TocsinNotifier())
def loose() -> None:
    """Only the DAG tells."""

    @task
    def first() -> None:
        raise ValueError("nobody tells of this task by itself")

    @task
    def second() -> None:
        """Wait for the first."""

    first() >> second()


@dag(schedule="@once", **ONCE, dagrun_timeout=timedelta(seconds=5), on_failure_callback=TocsinNotifier())
def slow() -> None:
    """Nothing fails before the time is over."""

    @task
    def sleep() -> None:
        time.sleep(600)

    sleep()


@dag(schedule="@once", **ONCE, default_args=callbacks(), on_failure_callback=TocsinNotifier())
def killed() -> None:
    """A process that cannot tell any more."""

    @task
    def work() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    work()


night()
loose()
slow()
killed()
