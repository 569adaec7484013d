"""Values of rows that drivers and dlt quote in their messages; none of them leaves the process."""

from __future__ import annotations

import re

#: Each pattern has the words to keep in its first group; what follows them is a value of somebody's row. Where the
#: words after a value are missing (a text was cut), the rest is hidden; that also keeps the search linear.
_QUOTES = tuple(
    re.compile(pattern, re.DOTALL | re.IGNORECASE | re.MULTILINE)
    for pattern in (
        r"(Offending data item: ).*\Z",  # dlt, schema contract: values of the key columns, at the end of its message
        r"(for value )`.*?(?:`(?= in table)|\Z)",  # dlt, a value that cannot be coerced
        r"(with value )`.*?(?:`(?= and type)|\Z)",  # dlt, the incremental cursor
        r"(actual data item )`.*?(?:`(?= at path)|\Z)",  # dlt, the row under the incremental cursor
        r"(Failing row contains )\([^\n]*\)",  # PostgreSQL, not null and check constraints
        r"(Key \([^)\n]{1,200}\)=)\([^\n]*?\)(?= )",  # PostgreSQL, unique and foreign keys
        r"(COPY [^\n]{1,200}?: )\"[^\n]*\"",  # PostgreSQL, the line under COPY
        r"(invalid input (?:syntax|value) for [^\n:]{1,60}: )\"[^\n]*\"",  # PostgreSQL, conversions
        r"(Duplicate key )\"[^\n]*?(?:\"(?= violates)|$)",  # DuckDB, unique keys
        r"(Could not convert string )(['\"])[^\n]*?(?:\2(?= to)|$)",  # DuckDB, conversions
        r"(with value )\S+(?= can't be cast)",  # DuckDB, numbers out of range
        r"(Duplicate entry )'[^\n]*?(?:'(?= for key)|$)",  # MySQL
        r"(Incorrect \w+ value: )'[^\n]*?(?:'(?= for column)|$)",  # MySQL
        r"(The duplicate key value is )\([^\n]*\)",  # SQL Server
        r"(input_value=)[^\n]*?(?=, input_type|$)",  # pydantic
    )
)
#: The statement as the driver shows it, with the values in it; SQLAlchemy adds the parameters.
_STATEMENT = re.compile(
    r"^[ \t|]*(?:LINE \d+: .*(?:\n[ \t|]*\^+[ \t]*$)?|\[(?:SQL|parameters): (?s:.*?)(?:\]|\Z))$", re.MULTILINE
)


def hide_row_values(text: str) -> str:
    """Return `text` with "(…)" in the place of quoted row values, and without quoted statements."""
    for quote in _QUOTES:
        text = quote.sub(r"\1(…)", text)
    return _STATEMENT.sub("(…)", text)
