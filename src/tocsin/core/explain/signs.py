"""The tables by which a problem is known: class names, HTTP status, SQLSTATE, a driver's words."""

from __future__ import annotations

import re

from tocsin.core.explain.diagnosis import Diagnosis

#: Classes that tell all, or the first of their bases that does.
BY_CLASS = {
    "KeyboardInterrupt": Diagnosis.SIGNAL,
    "asyncio.exceptions.CancelledError": Diagnosis.SIGNAL,
    "concurrent.futures._base.CancelledError": Diagnosis.SIGNAL,
    "SystemExit": Diagnosis.EXIT,
    "MemoryError": Diagnosis.OUT_OF_MEMORY,
    "socket.gaierror": Diagnosis.DNS,
    "urllib3.exceptions.NameResolutionError": Diagnosis.DNS,
    "aiohttp.client_exceptions.ClientConnectorDNSError": Diagnosis.DNS,
    "ConnectionRefusedError": Diagnosis.REFUSED,
    # The peer hung up in the middle: no question of trust, unlike every other TLS error.
    "ssl.SSLEOFError": Diagnosis.DISCONNECTED,
    "ssl.SSLZeroReturnError": Diagnosis.DISCONNECTED,
    "ssl.SSLError": Diagnosis.TLS,
    "TimeoutError": Diagnosis.TIMED_OUT,
    "urllib3.exceptions.TimeoutError": Diagnosis.TIMED_OUT,
    "requests.exceptions.Timeout": Diagnosis.TIMED_OUT,
    "httpx.TimeoutException": Diagnosis.TIMED_OUT,
    "google.api_core.exceptions.RetryError": Diagnosis.TIMED_OUT,
    "ConnectionError": Diagnosis.DISCONNECTED,
    "http.client.IncompleteRead": Diagnosis.DISCONNECTED,
    "requests.exceptions.ChunkedEncodingError": Diagnosis.DISCONNECTED,
    "httpx.RemoteProtocolError": Diagnosis.DISCONNECTED,
    "aiohttp.client_exceptions.ServerDisconnectedError": Diagnosis.DISCONNECTED,
    "aiohttp.client_exceptions.ClientPayloadError": Diagnosis.DISCONNECTED,
    "urllib.error.URLError": Diagnosis.UNREACHABLE,
    "requests.exceptions.ConnectionError": Diagnosis.UNREACHABLE,
    "urllib3.exceptions.MaxRetryError": Diagnosis.UNREACHABLE,
    "httpx.NetworkError": Diagnosis.UNREACHABLE,
    "aiohttp.client_exceptions.ClientConnectionError": Diagnosis.UNREACHABLE,
    "botocore.exceptions.EndpointConnectionError": Diagnosis.UNREACHABLE,
    "botocore.exceptions.NoCredentialsError": Diagnosis.LOGIN,
    "google.auth.exceptions.GoogleAuthError": Diagnosis.LOGIN,
    "requests.exceptions.InvalidURL": Diagnosis.BAD_CONFIG,
    "requests.exceptions.MissingSchema": Diagnosis.BAD_CONFIG,
    "requests.exceptions.InvalidSchema": Diagnosis.BAD_CONFIG,
    "sqlalchemy.exc.NoSuchTableError": Diagnosis.NOT_FOUND,
    "requests.exceptions.TooManyRedirects": Diagnosis.NOT_FOUND,
    "dlt.common.configuration.exceptions.ConfigFieldMissingException": Diagnosis.MISSING_CONFIG,
    "dlt.common.configuration.exceptions.ConfigurationException": Diagnosis.BAD_CONFIG,
    "dlt.common.destination.exceptions.UnknownDestinationModule": Diagnosis.UNKNOWN_DESTINATION,
    "dlt.common.destination.exceptions.InvalidDestinationReference": Diagnosis.BAD_CONFIG,
    "dlt.common.exceptions.SystemConfigurationException": Diagnosis.BAD_CONFIG,
    "dlt.pipeline.exceptions.PipelineConfigMissing": Diagnosis.BAD_CONFIG,
    "dlt.common.exceptions.MissingDependencyException": Diagnosis.MISSING_MODULE,
    "ModuleNotFoundError": Diagnosis.MISSING_MODULE,
    "dlt.common.schema.exceptions.DataValidationError": Diagnosis.CONTRACT,
    "dlt.common.schema.exceptions.CannotCoerceNullException": Diagnosis.NOT_NULL,
    "dlt.common.schema.exceptions.UnboundColumnException": Diagnosis.NO_VALUES,
    "dlt.common.schema.exceptions.CannotCoerceColumnException": Diagnosis.BAD_VALUE,
    "dlt.common.data_writers.exceptions.InvalidDataItem": Diagnosis.BAD_VALUE,
    "dlt.common.destination.exceptions.UnsupportedDataType": Diagnosis.BAD_VALUE,
    "pydantic_core._pydantic_core.ValidationError": Diagnosis.BAD_VALUE,
    "dlt.extract.incremental.exceptions.IncrementalCursorPathMissing": Diagnosis.NO_CURSOR,
    "dlt.extract.incremental.exceptions.IncrementalCursorPathHasValueNone": Diagnosis.NO_CURSOR,
    "dlt.extract.incremental.exceptions.IncrementalCursorInvalidCoercion": Diagnosis.BAD_VALUE,
    "dlt.extract.incremental.exceptions.IncrementalPrimaryKeyMissing": Diagnosis.NO_VALUES,
    "json.decoder.JSONDecodeError": Diagnosis.NOT_JSON,
    "requests.exceptions.JSONDecodeError": Diagnosis.NOT_JSON,
    "FileNotFoundError": Diagnosis.MISSING_FILE,
    "PermissionError": Diagnosis.MISSING_FILE,
    "NotADirectoryError": Diagnosis.MISSING_FILE,
    "IsADirectoryError": Diagnosis.MISSING_FILE,
    # Java's, as the stack traces of Spark and Flink tell them.
    "java.lang.OutOfMemoryError": Diagnosis.OUT_OF_MEMORY,
    "java.net.UnknownHostException": Diagnosis.DNS,
    "java.net.ConnectException": Diagnosis.REFUSED,
    "java.net.SocketTimeoutException": Diagnosis.TIMED_OUT,
    "java.io.FileNotFoundException": Diagnosis.MISSING_FILE,
}
BY_STATUS = {
    401: Diagnosis.UNAUTHORIZED,
    407: Diagnosis.UNAUTHORIZED,
    402: Diagnosis.FORBIDDEN,
    403: Diagnosis.FORBIDDEN,
    404: Diagnosis.NOT_FOUND,
    410: Diagnosis.NOT_FOUND,
    408: Diagnosis.TIMED_OUT,
    425: Diagnosis.TIMED_OUT,
    429: Diagnosis.RATE_LIMITED,
}
#: Beginnings of SQLSTATE, the longer before the shorter (PostgreSQL, appendix A, and the ODBC states of SQL Server).
BY_SQLSTATE = (
    ("42501", Diagnosis.FORBIDDEN),
    ("28", Diagnosis.LOGIN),
    ("08", Diagnosis.UNREACHABLE),
    ("23505", Diagnosis.DUPLICATE),
    ("23502", Diagnosis.NOT_NULL),
    ("23", Diagnosis.BAD_VALUE),
    ("22", Diagnosis.BAD_VALUE),
    ("42P01", Diagnosis.NO_TABLE),
    ("42S02", Diagnosis.NO_TABLE),
    ("42703", Diagnosis.NO_TABLE),
    ("3F000", Diagnosis.NO_TABLE),
    ("3D000", Diagnosis.NO_TABLE),
    ("40", Diagnosis.LOCKED),
    ("55P03", Diagnosis.LOCKED),
    ("53100", Diagnosis.DISK_FULL),
    ("53", Diagnosis.DESTINATION_BUSY),
    ("57014", Diagnosis.TIMED_OUT),
    ("57P", Diagnosis.DESTINATION_BUSY),
    ("HYT", Diagnosis.TIMED_OUT),
)
#: What drivers say where they have no code: DuckDB, SQLite, libpq before it is connected, MySQL, ODBC.
BY_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE), diagnosis)
    for pattern, diagnosis in (
        (r"authentication failed|access denied|login failed|incorrect username or password", Diagnosis.LOGIN),
        (r"role \S+ does not exist", Diagnosis.LOGIN),
        (r"permission denied", Diagnosis.FORBIDDEN),
        (r"not set lock|database is locked|deadlock|conflict on (tuple|update)|lock wait timeout", Diagnosis.LOCKED),
        (r"no space left|disk full|disk is full|disk quota", Diagnosis.DISK_FULL),
        (r"out of memory|failed to allocate", Diagnosis.OUT_OF_MEMORY),
        (r"could not translate host|name or service not known|getaddrinfo|name resolution", Diagnosis.DNS),
        (r"connection refused", Diagnosis.REFUSED),
        (r"timed? ?out", Diagnosis.TIMED_OUT),
        (r"certificate|ssl error", Diagnosis.TLS),
        (r"connection reset|closed the connection|connection .*closed|broken pipe|gone away", Diagnosis.DISCONNECTED),
        (r"not.null constraint|cannot be null|null value in column", Diagnosis.NOT_NULL),
        (r"duplicate (key|entry)|unique constraint", Diagnosis.DUPLICATE),
        (r"no such table|does not exist|unknown table|doesn't exist|invalid object name", Diagnosis.NO_TABLE),
        (r"conversion error|could not convert|out of range|invalid input", Diagnosis.BAD_VALUE),
        (r"connection to server .* failed|(can't|cannot|could not|unable to) connect", Diagnosis.UNREACHABLE),
        (r"cannot open file|unable to open database", Diagnosis.MISSING_FILE),
    )
)
#: What dlt says in `failed_message`, which is all that is left of an error in a worker process of normalize.
BY_FAILED_MESSAGE = (
    ("Contract on `", Diagnosis.CONTRACT),
    ("Cannot coerce NULL in table `", Diagnosis.NOT_NULL),
    ("Cannot coerce type `", Diagnosis.BAD_VALUE),
)
#: What every DB-API driver calls its errors (PEP 249); the words above are believed only from these and from OSError.
DRIVER_ERRORS = {"DatabaseError", "InterfaceError", "OperationalError", "ProgrammingError", "IntegrityError"}
DRIVERS = {
    "duckdb",
    "_duckdb",
    "sqlite3",
    "psycopg",
    "psycopg2",
    "pymysql",
    "pyodbc",
    "snowflake",
    "clickhouse_connect",
}
#: In these stages a database is read: what fails there is no destination.
READING = {"before", "extract"}
AT_SOURCE = {
    Diagnosis.NO_TABLE: Diagnosis.NOT_FOUND,
    Diagnosis.DESTINATION_BUSY: Diagnosis.SERVER_ERROR,
    Diagnosis.DESTINATION: Diagnosis.BAD_REQUEST,
}
DLT_FAMILIES = {
    "dlt.common.destination.exceptions.DestinationUndefinedEntity": Diagnosis.NO_TABLE,
    "dlt.common.destination.exceptions.DestinationTransientException": Diagnosis.DESTINATION_BUSY,
    "dlt.common.destination.exceptions.DestinationException": Diagnosis.DESTINATION,
}
