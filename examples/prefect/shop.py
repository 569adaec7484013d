"""A shop whose nightly flow goes wrong in three ways: one task fails, one needs a second attempt, one is blocked."""

from collections.abc import Iterator
from pathlib import Path

import dlt
from prefect import flow, task

from tocsin.integrations.prefect import flow_hooks, task_hooks


@dlt.resource
def rows(*, refuses: bool = False, stumbles: bool = False) -> Iterator[dict[str, int]]:
    """Pretend to be an API: it may refuse, or be down for a moment and then be back."""
    if refuses:
        raise PermissionError("401 Client Error: Unauthorized for url: https://shop.example.com/orders")
    down = Path("down")
    if stumbles and not down.exists():
        down.touch()
        raise ConnectionError("shop.example.com does not answer")
    down.unlink(missing_ok=True)
    yield {"id": 1}


def load(name: str, source: object) -> None:
    """Load into a file of its own, beside this one. dlt's run is watched by itself."""
    destination = dlt.destinations.duckdb(f"{name}.duckdb")
    dlt.pipeline(name, destination=destination, dataset_name="shop").run(source, table_name=name)


@task(retries=1, retry_delay_seconds=1, **task_hooks())
def load_orders() -> None:
    """Fail in each attempt."""
    load("orders", rows(refuses=True))


@task(retries=1, retry_delay_seconds=1, **task_hooks())
def load_customers() -> None:
    """Fail once, and succeed in the second attempt."""
    load("customers", rows(stumbles=True))


@task(**task_hooks())
def sum_up() -> None:
    """Never start, as the orders did not arrive."""


@task(**task_hooks())
def report() -> None:
    """Fail without dlt: the hook tells of it."""
    raise FileNotFoundError("the template report.html is missing")


@flow(**flow_hooks())
def nightly() -> None:
    """Load, sum up, report."""
    orders = load_orders.submit()
    every = [load_customers.submit(), report.submit(), orders, sum_up.submit(wait_for=[orders])]
    for each in every:
        each.result()


if __name__ == "__main__":
    nightly()
