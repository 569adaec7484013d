"""The transaction on a SQLAlchemy connection, for every database."""

from __future__ import annotations

from tocsin.store.sql_access import Access
from tocsin.store.sql_alerts import Alerts
from tocsin.store.sql_audit import Audit
from tocsin.store.sql_checks import CheckHistories
from tocsin.store.sql_days import Days
from tocsin.store.sql_due import Dues
from tocsin.store.sql_figures import Figures
from tocsin.store.sql_freshness import AllFreshness
from tocsin.store.sql_groups import Groups
from tocsin.store.sql_inbox import Inbox
from tocsin.store.sql_notes import Notes
from tocsin.store.sql_orders import Orders
from tocsin.store.sql_outbox import Outbox
from tocsin.store.sql_retention import Retention
from tocsin.store.sql_runs import Runs
from tocsin.store.sql_schemas import Schemas
from tocsin.store.sql_series import AllSeries
from tocsin.store.sql_silences import Silences
from tocsin.store.sql_slots import Slots


class SqlTransaction(
    Runs,
    Alerts,
    Silences,
    Outbox,
    Groups,
    Slots,
    Notes,
    Dues,
    Orders,
    AllSeries,
    Schemas,
    AllFreshness,
    CheckHistories,
    Inbox,
    Access,
    Audit,
    Days,
    Figures,
    Retention,
):
    """`tocsin.store.protocol.Transaction` in SQL; each part keeps its statements, built once, beside its methods."""
