"""What to do: one or two sentences for each diagnosis, with the command to type.

A text has places for what is known of the failure ({peer}, {column}…; `_places` fills them); where more has to be
decided, a function in `hint_choices.py` writes it.
"""

from __future__ import annotations

from collections.abc import Callable

from tocsin.core.explain import hint_choices as choose
from tocsin.core.explain.diagnosis import Diagnosis
from tocsin.core.explain.pending import waiting_data
from tocsin.core.explain.scene import Scene

PASSES = "It may well pass by itself at the next run."
COMES_BACK = "The same error will come back at the next run."

_HINTS: dict[Diagnosis, str | Callable[[Scene], str]] = {
    Diagnosis.MISSING_CONFIG: choose.missing_config,
    Diagnosis.BAD_CONFIG: (
        "Correct the value where dlt reads it: the environment, .dlt/secrets.toml or .dlt/config.toml."
    ),
    Diagnosis.UNKNOWN_DESTINATION: choose.unknown_destination,
    Diagnosis.MISSING_MODULE: choose.missing_module,
    Diagnosis.MISSING_FILE: choose.missing_file,
    Diagnosis.NOT_FOUND: choose.not_found,
    Diagnosis.UNAUTHORIZED: "{peer} does not accept the credentials, they may have expired: renew {credentials}.",
    Diagnosis.FORBIDDEN: (
        "{peer} knows the credentials, but they may not do this: ask for the right, or change {credentials}."
    ),
    Diagnosis.LOGIN: "User, password or key is wrong or expired: check {credentials}.",
    Diagnosis.RATE_LIMITED: choose.rate_limited,
    Diagnosis.DNS: "The name of {peer} cannot be resolved: check its spelling, then DNS and VPN of this machine.",
    Diagnosis.REFUSED: (
        "Nothing listens at {peer}, or a firewall refuses: check host and port, and that the service is up."
    ),
    Diagnosis.TIMED_OUT: (
        "{peer} did not answer in time: ask for less at once (smaller pages, fewer rows), or wait longer "
        "(RUNTIME__REQUEST_TIMEOUT with dlt's own requests)."
    ),
    Diagnosis.TLS: (
        "No trusted TLS connection to {peer}: look for an expired certificate, a proxy whose authority is not"
        " installed (REQUESTS_CA_BUNDLE), or https where the port speaks http."
    ),
    Diagnosis.DISCONNECTED: "{peer} closed the connection in the middle: if it happens again, ask for less at once.",
    Diagnosis.UNREACHABLE: "{peer} cannot be reached from here: check host, port, firewall and VPN.",
    Diagnosis.SERVER_ERROR: "Not your fault: {peer} has trouble. Look at its status page, and run again later.",
    Diagnosis.CONTRACT: choose.contract,
    Diagnosis.NOT_NULL: (
        "A row has no value in {column}, which is not nullable: fill or drop such rows (add_map, add_filter),"
        " or declare the column nullable."
    ),
    Diagnosis.NO_VALUES: (
        "No row has {column}, but primary_key, merge_key or columns declare it: check the spelling against "
        "the data, or take the declaration away."
    ),
    Diagnosis.NO_CURSOR: (
        "A row has no value at the incremental cursor {cursor}: check the path against the source's own field"
        ' names, or set on_cursor_value_missing="include" or "exclude".'
    ),
    Diagnosis.DUPLICATE: (
        'The row is in {table} already, which has a unique key: load with write_disposition="merge" and a '
        "primary_key, or remove the duplicates at the source."
    ),
    Diagnosis.BAD_VALUE: (
        "A value does not fit {column}: mend it on the way (add_map), or widen the type (columns=…)."
    ),
    Diagnosis.NOT_JSON: (
        "{peer} answered something else than JSON, often a login or error page: look at the answer itself."
    ),
    Diagnosis.NO_TABLE: choose.no_table,
    Diagnosis.LOCKED: choose.locked,
    Diagnosis.DISK_FULL: choose.disk_full,
    Diagnosis.DESTINATION_BUSY: "The destination could not do it now; dlt holds the problem for a temporary one.",
    Diagnosis.DESTINATION: "The destination refused; the message has its own words.",
    Diagnosis.OUT_OF_MEMORY: (
        "The process had no memory left: yield pages instead of one large list, lower "
        "EXTRACT__MAX_PARALLEL_ITEMS and DATA_WRITER__BUFFER_MAX_ITEMS, or give it more."
    ),
    Diagnosis.BAD_REQUEST: (
        "{peer} does not accept the request as the code builds it: compare parameters and body with its documentation."
    ),
    Diagnosis.CODE: "An error in the code: {look}.",
    Diagnosis.SIGNAL: choose.signal,
    Diagnosis.EXIT: (
        "The code called sys.exit(), and dlt takes such a run for a success: {look}, and raise an exception instead."
    ),
}


def hint_for(scene: Scene) -> str:
    """Return what to do, what to expect of the next run, and what waits on the disk."""
    hint = _HINTS[scene.diagnosis]
    parts = [hint.format_map(_places(scene)) if isinstance(hint, str) else hint(scene)]
    if scene.diagnosis not in {Diagnosis.SIGNAL, Diagnosis.EXIT}:
        parts.append(PASSES if scene.diagnosis.transient else COMES_BACK)
    parts.append(waiting_data(scene))
    text = " ".join(part for part in parts if part)
    # Not `capitalize`: a host name at the beginning stays as it is.
    return f"T{text[1:]}" if text.startswith("the ") else text


def _places(scene: Scene) -> dict[str, str]:
    column = f"column {scene.column}" if scene.column else "a column"
    return {
        "peer": choose.peer(scene),
        "credentials": choose.credentials(scene),
        "table": f"table {scene.table}" if scene.table else "the table",
        "column": f"{column} of table {scene.table}" if scene.table else column,
        "cursor": scene.told("json_path") or "field",
        "look": f"look at {scene.location}" if scene.location else "see the traceback",
    }
