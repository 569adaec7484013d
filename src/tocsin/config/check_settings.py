"""The settings of a check: one table for the configuration, the heads of files and the decorator."""

from __future__ import annotations

import contextlib

from tocsin.config.settings import Setting, read_bool, read_choice, read_text
from tocsin.core.check import CheckKind, Scalar, parse_threshold
from tocsin.core.duration import parse_duration
from tocsin.core.severity import Severity


def read_names(value: object) -> tuple[str, ...]:
    """Read a list of names, or a text with commas between them.

    Raises:
        ValueError: The value is neither, or a name is empty.
    """
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError('expected a list of names, for example ["id", "agent"]')
    return tuple(name.strip() for name in names)


def read_value(value: object) -> Scalar:
    """Read a number or a text.

    Raises:
        ValueError: The value is a list or a table.
    """
    if not isinstance(value, str | int | float):
        raise ValueError("expected a number or text")  # noqa: TRY004  # readers raise ValueError
    if isinstance(value, str):
        for kind in (int, float):
            with contextlib.suppress(ValueError):
                return kind(value)
    return value


def read_values(value: object) -> tuple[Scalar, ...]:
    """Read a list of numbers and texts, or a text with commas between them.

    Raises:
        ValueError: The value is neither, or empty.
    """
    if isinstance(value, str):
        return tuple(read_value(part.strip()) for part in value.split(","))
    if not isinstance(value, list) or not value or not all(isinstance(item, str | int | float) for item in value):
        raise ValueError('expected a list of values, for example ["open", "paid"]')
    return tuple(value)


#: `[tocsin.checks.NAME]`, and the head of a file in `checks/`
CHECK = (
    Setting(key="pipeline", read=read_text, default=None, help="The pipeline that loads the data.", example="support"),
    Setting(
        key="kind",
        read=read_choice(*(kind.value for kind in CheckKind)),
        default=None,
        help="What is asked: `not_null`, `unique`, `accepted_values`, `relationship`, `row_count`, `range`, "
        "`freshness`, `expression` or `sql`. A check with `sql` need not say it.",
        example="not_null",
    ),
    Setting(
        key="table",
        read=read_text,
        default=None,
        help="The table that is asked, by its name in the destination. A query of your own may do without; with it the "
        "message tells of how many rows they fail, and the check is run only after loads of this table.",
        example="calls",
    ),
    Setting(
        key="columns", read=read_names, default=None, help="The columns that are asked.", example='["customer_id"]'
    ),
    Setting(
        key="values",
        read=read_values,
        default=None,
        help="For `accepted_values`: all that the column may hold.",
        example='["open", "paid"]',
    ),
    Setting(
        key="to",
        read=read_text,
        default=None,
        help="For `relationship`: table and column in which each value has to be found.",
        example="customers.id",
    ),
    Setting(key="min", read=read_value, default=None, help="For `range` and `row_count`: the least that is allowed."),
    Setting(key="max", read=read_value, default=None, help="For `range` and `row_count`: the most that is allowed."),
    Setting(
        key="max_age",
        read=parse_duration,
        default=None,
        help="For `freshness`: how old the newest value of the column may be.",
        example="2h",
    ),
    Setting(
        key="expression",
        read=read_text,
        default=None,
        help="For `expression`: SQL that has to hold for each row.",
        example="amount >= 0",
    ),
    Setting(
        key="sql",
        read=read_text,
        default=None,
        help="For `sql`: a query whose rows are the failures, in the SQL of the destination.",
        example="SELECT id FROM calls WHERE customer_id IS NULL",
    ),
    Setting(
        key="where", read=read_text, default=None, help="Only rows of the table are asked for which this SQL holds."
    ),
    Setting(
        key="loaded_rows_only",
        read=read_bool,
        default="false",
        help="Only rows are asked that the run has loaded, by their `_dlt_load_id`.",
    ),
    Setting(
        key="question",
        read=read_text,
        default=None,
        help="What has to be true, in words for whoever is told. Default: words for what is asked.",
        example="every support call belongs to a customer",
    ),
    Setting(
        key="owner",
        read=read_text,
        default=None,
        help="Who acts on failures. Default: the owner of the pipeline.",
        example="customer-support",
    ),
    Setting(
        key="severity",
        read=read_choice(*(s.value for s in Severity)),
        default=None,
        help="How much failures matter. Default: `warning`, and `error` over `error_over`.",
        example="warning",
    ),
    Setting(
        key="warn_over",
        read=parse_threshold,
        default="0",
        help="More failures than this are told: a number, or a share of the rows such as `0.1%`.",
    ),
    Setting(
        key="error_over",
        read=parse_threshold,
        default=None,
        help="More failures than this are an error. Default: `1%` where no severity is set.",
        example="1%",
    ),
    Setting(
        key="sample",
        read=read_names,
        default=None,
        help="Columns of failing rows that may be shown in messages. Default: none is fetched.",
        example='["id", "called_at"]',
    ),
    Setting(
        key="timeout",
        read=parse_duration,
        default=None,
        help="The longest that it may take. Default: `check_timeout` of `[tocsin]`.",
        example="5m",
    ),
)
