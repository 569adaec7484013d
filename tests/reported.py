"""A store with a month of runs in it, as an engine that lived through them has left it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from made import NOON
from recorded_runs import recorded
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config
from tocsin.core.check import Check, CheckHistory, CheckKind, CheckResult
from tocsin.engine.backtest import replay
from tocsin.store.memory import MemoryStore
from tocsin.store.protocol import Store

SETTINGS = {
    "pipelines": {
        "orders": {"schedule": "0 6 * * *", "start_within": "30m", "tables": {"refunds": {"fresh_within": "26h"}}}
    }
}


def config(home: Path) -> Config:
    """Return the settings by which the runs were judged."""
    return load([Layer(origin="test", values={"tocsin": SETTINGS}, secrets_allowed=False)], home=home)


def reported(home: Path, *, days: int = 30, name: str = "events", store: Store | None = None) -> Store:
    """Return a store that runs and answers of checks were taken into; see `recorded` for the name."""
    made = store or MemoryStore()
    replay(config(home), recorded(days=days, name=name), store=made)
    with made.writing() as tx:
        for history in (_missing_customers(), _unique_orders(name)):
            tx.save_check_history(history)
    return made


def _missing_customers() -> CheckHistory:
    """Return a check that began to fail three days ago."""
    check = Check(
        name="has_customer",
        pipeline="orders",
        question="each order has a customer",
        table="orders",
        columns=("customer_id",),
        kind=CheckKind.NOT_NULL,
        owner="sales-ops",
    )
    failing = (0, 0, 0, 0, 0, 0, 0, 0, 14, 31, 212)
    return _history(check, failing)


def _unique_orders(name: str) -> CheckHistory:
    check = Check(
        name="unique_id", pipeline="orders", table="orders", columns=("id",), kind=CheckKind.UNIQUE, owner=name
    )
    return _history(check, (0,) * 11)


def _history(check: Check, failing: tuple[int, ...]) -> CheckHistory:
    history = CheckHistory(pipeline=check.pipeline, environment="default", check=check.name)
    for age, number in zip(reversed(range(len(failing))), failing, strict=True):
        at = NOON - timedelta(days=age, hours=5)
        history = history.add(CheckResult(check=check, environment="default", at=at, failing=number, checked=12_000))
    return history
