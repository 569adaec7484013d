"""The hints that depend on more than one fact."""

from __future__ import annotations

import re
from shlex import quote

from tocsin.core.explain.foreign import read, text
from tocsin.core.explain.missing_config import MOST_NAMED, listed
from tocsin.core.explain.scene import Scene

#: What is left of the attribute `schema_entity` in an error of a worker process.
_ENTITY = re.compile(r"Contract on `(\w+)`")
_SIGNALS = {"1": "SIGHUP", "2": "SIGINT", "15": "SIGTERM"}


def peer(scene: Scene) -> str:
    """Return whom the program talked to."""
    return scene.peer or ("the destination" if scene.at_destination else "the server")


def credentials(scene: Scene) -> str:
    """Return which credentials are meant, and where dlt reads them."""
    if not scene.at_destination:
        owner = f"the key or token of {scene.resource}" if scene.resource else "the source's key or token"
        return f"{owner} ([sources…] in .dlt/secrets.toml, or SOURCES__… in the environment)"
    name = scene.facts.destination or "NAME"
    return (
        f"[destination.{name}.credentials] in .dlt/secrets.toml, "
        f"or DESTINATION__{name.upper()}__CREDENTIALS in the environment"
    )


def missing_config(scene: Scene) -> str:
    """Name the key as an environment variable and as a place in a file."""
    if not scene.missing:
        return "Set the value in the environment, in .dlt/secrets.toml or in .dlt/config.toml."
    ways = []
    if variables := [field.variable for field in scene.missing if field.variable]:
        ways.append(f"{listed(variables)} in the environment")
    places: dict[str, list[str]] = {}
    for field in scene.missing[:MOST_NAMED]:
        file = f".dlt/{'secrets' if field.secret else 'config'}.toml"
        place = f"under [{field.section}] in {file}" if field.section else f"at the top of {file}"
        places.setdefault(place, []).append(field.key)
    ways += [f"{listed(keys)} {place}" for place, keys in places.items()]
    return scene.clean(f"Set {', or '.join(ways)}.")


def unknown_destination(scene: Scene) -> str:
    """Say both ways out: another name, or a type for the name."""
    name = scene.told("ref") or "NAME"
    return (
        f"There is no destination {name}: correct the name, or say what it is, with "
        f"destination_type under [destination.{name}] in .dlt/config.toml."
    )


def missing_module(scene: Scene) -> str:
    """Say what to install: dlt names the extra, Python the module."""
    needed = read(scene.chain.root, "dependencies")
    if isinstance(needed, list | tuple) and needed:
        packages = " ".join(quote(scene.clean(str(one))) for one in needed)
        return f"Install what dlt needs for it: `pip install {packages}`."
    package = (scene.told("name") or "PACKAGE").partition(".")[0]
    return (
        f"Install it where the pipeline runs: `pip install {quote(package)}`, "
        "unless the package has another name than its module, or the import is misspelt."
    )


def missing_file(scene: Scene) -> str:
    """Name the file, where the system told it."""
    name = scene.told("filename")
    what = f"`{name}`" if name else "the path in the message"
    return f"See that {what} exists and may be opened; a relative path begins at the working directory."


def not_found(scene: Scene) -> str:
    """Tell the path of an API from a table of a source and from what is missing at the destination."""
    if scene.at_destination:
        return "The bucket, dataset or table is not there: create it, or correct its name in the configuration."
    if scene.answer is None:
        return "The source has no such table or column: correct its name, or ask what became of it."
    return f"{peer(scene)} does not know this path: compare base URL, path and identifiers with its documentation."


def rate_limited(scene: Scene) -> str:
    """Say until when to wait, where the server told it, and how to ask for less."""
    after = scene.answer.retry_after if scene.answer else None
    wait = "Wait some minutes"
    if after:
        wait = f"{peer(scene)} asks to wait " + (f"{after} seconds" if after.isdigit() else f"until {after}")
    return (
        f"{wait}. To slow down: larger pages, fewer at a time (EXTRACT__WORKERS=1), and dlt's own client "
        "(`from dlt.sources.helpers import requests`), which waits and repeats."
    )


def contract(scene: Scene) -> str:
    """Say what the contract freezes, and how to let it in or leave it out."""
    entity = scene.told("schema_entity")
    if entity is None:
        said = _ENTITY.search(text(scene.chain.root))
        entity = said[1] if said else "columns"
    table = f"table {scene.table}" if scene.table else "a table"
    changed = f"{table} is new"
    if entity == "data_type":
        changed = _other_type(scene, table)
    elif entity != "tables":
        changed = (
            f"{f'column {scene.column}' if scene.column else 'a column'} of {table} is new{_class_of_value(scene)}"
        )
    return (
        f"The data changed: {changed}, and the contract freezes {entity}. To let it in: "
        f'schema_contract={{"{entity}": "evolve"}} on the resource; to leave it out: "discard_value" or "discard_row".'
    )


def _other_type(scene: Scene, table: str) -> str:
    """Return "column price of table orders, a bigint, got a value of another type (text)"."""
    column, _, data_type = (scene.column or "").rpartition("__v_")
    if not column:
        named = f"column {scene.column}" if scene.column else "a column"
        return f"{named} of {table} got a value of another type{_class_of_value(scene)}"
    known = scene.told("table_schema", "columns", column, "data_type")
    return f"column {column} of {table}{f', a {known},' if known else ''} got a value of another type ({data_type})"


def _class_of_value(scene: Scene) -> str:
    """Return " (a str)" for the value that dlt keeps in its exception, which itself is told to nobody."""
    value = read(scene.chain.root, "data_item", scene.column) if scene.column else None
    return f" (a {type(value).__name__})" if value is not None else ""


def no_table(scene: Scene) -> str:
    """Verified with dlt 1.31: neither a further run nor giving up the package makes a dropped table again."""
    table = f"Table {scene.table}" if scene.table else "A table"
    return (
        f"{table} (or a column of it) is gone or renamed at the destination, and dlt believes it is there: restore "
        'it, or run once with refresh="drop_resources", which makes the tables anew and loads them from the start.'
    )


def locked(scene: Scene) -> str:
    """Tell a database file that is open elsewhere from a lock on a table."""
    if "lock on file" in text(scene.chain.root):
        return (
            "Another process has the database file open: close it (a notebook, a shell, a second run), then run again."
        )
    return "Another transaction holds the lock: keep other jobs away from this table, and run again."


def disk_full(scene: Scene) -> str:
    """Tell our disk from theirs: DuckDB and file systems report the local one at the load, too."""
    if scene.at_destination and scene.facts.destination not in {"duckdb", "filesystem"}:
        return "The destination has no space left: free some, or enlarge its disk."
    return "The disk is full: free some space, or move dlt's working directory (DLT_DATA_DIR) to a larger one."


def signal(scene: Scene) -> str:
    """Say who stopped the run, and that the data is not to blame."""
    code = scene.told("signal_code")
    who = f"The process received {_SIGNALS.get(code, f'signal {code}')}" if code else "The run was interrupted (Ctrl-C)"
    rest = "" if scene.facts.pending_packages else " What was not loaded is extracted again at the next run."
    return f"{who}: a person, a deployment or a time limit stopped it, not the data.{rest}"
