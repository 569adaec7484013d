"""What is said where the tables of a store are not those of this version, in the same words for every database."""

from __future__ import annotations

from tocsin.errors import StoreError
from tocsin.store.tables import SCHEMA_VERSION


def newer(url: str, version: int) -> StoreError:
    """Return the error for tables that this program does not know."""
    return StoreError(
        f"the store {url} was written by a newer Tocsin: its tables have version {version}, this one knows "
        f"{SCHEMA_VERSION}. Type: pip install --upgrade dlt-tocsin"
    )


def older(url: str, version: int) -> StoreError:
    """Return the error for tables that have to be brought forward first."""
    return StoreError(
        f"the store {url} was written by an older Tocsin: its tables have version {version}, this one works with "
        f"{SCHEMA_VERSION}. Make a backup, and type: tocsin db upgrade"
    )


def missing(url: str) -> StoreError:
    """Return the error for a database in which nothing was made yet."""
    return StoreError(f"the store {url} has no tables. Type: tocsin db upgrade")


def foreign(url: str, tables: set[str], remedy: str) -> StoreError:
    """Return the error for a database that is not ours."""
    return StoreError(
        f"{url} is the database of another program: it has the tables {', '.join(sorted(tables))}. {remedy}"
    )
