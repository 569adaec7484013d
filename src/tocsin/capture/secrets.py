"""Every secret value that dlt has met in this process, for the redactor."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias
from urllib.parse import urlsplit

from tocsin.capture.dlt_pipeline import active_pipeline
from tocsin.capture.quiet import quiet

#: Name and value.
Secret: TypeAlias = tuple[str, str]

#: A variable of the environment is a secret if one of its words is one of these.
_SECRET_WORDS = {
    "APIKEY",
    "AUTH",
    "CONN",
    "CREDENTIAL",
    "CREDENTIALS",
    "DSN",
    "HOOK",
    "KEY",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE",
    "SALT",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "WEBHOOK",
}
#: What stands beside the secrets in credentials, and helps the person who reads the message.
_HARMLESS = {
    "account",
    "auth_uri",
    "bucket_url",
    "catalog",
    "client_email",
    "database",
    "dataset",
    "dataset_name",
    "driver",
    "drivername",
    "endpoint_url",
    "host",
    "http_path",
    "location",
    "port",
    "profile_name",
    "project_id",
    "region",
    "region_name",
    "role",
    "schema",
    "server_hostname",
    "token_uri",
    "type",
    "user",
    "username",
    "warehouse",
}
_DEEPEST = 8


def known_secrets(documents: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Return name and exact value of each secret: "destination.postgres.credentials.password" to "hunter2".

    Args:
        documents: What stands in secrets.toml, and in documents that dlt has got from vaults.
    """
    values: dict[str, str] = {}
    for source in (_environment, partial(_documents, documents), _resolved, _passed_in_code):
        for name, value in _all(source) or ():
            values.setdefault(name, value)
    return values


@quiet
def _all(source: Callable[[], Iterator[Secret]]) -> list[Secret]:
    """Exhaust one source. One that fails takes no other with it."""
    return list(source())


def _environment() -> Iterator[Secret]:
    for name, value in os.environ.items():
        if not _SECRET_WORDS.isdisjoint(name.upper().split("_")):
            yield from _secrets(name.lower().replace("__", "."), value)


def _documents(documents: Sequence[Mapping[str, object]]) -> Iterator[Secret]:
    for document in documents:
        yield from _secrets("", document)


def _resolved() -> Iterator[Secret]:
    """Yield what dlt resolved as a secret since the run began, wherever it came from."""
    is_secret = importlib.import_module("dlt.common.configuration.specs.base_configuration").is_secret_hint
    traces = importlib.import_module("dlt.common.configuration.utils").get_resolved_traces()
    # A plain dict until dlt 1.8.
    for trace in list(traces.values() if isinstance(traces, dict) else traces.resolved_traces):
        if is_secret(trace.hint):
            yield from _secrets(".".join((*trace.sections, trace.key)), trace.value)


def _passed_in_code() -> Iterator[Secret]:
    """Yield what the active pipeline's destinations were given as arguments."""
    pipeline = active_pipeline()
    for kind in ("destination", "staging"):
        parameters = getattr(getattr(pipeline, kind, None), "config_params", None) or {}
        yield from _secrets(f"{kind}.credentials", parameters.get("credentials"))


def _secrets(name: str, value: object, depth: int = 0) -> Iterator[Secret]:
    """Yield the secrets in `value`, which may be a text, a table, or an object with credentials."""
    leaf = name.rpartition(".")[2]
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key in list(value):
            yield from _secrets(f"{name}.{key}".lstrip("."), value[key], depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _secrets(name, item, depth + 1)
    elif isinstance(value, str) and value and leaf not in _HARMLESS:
        yield from _in_credentials(name, value, depth) if leaf == "credentials" else [(name, value)]


def _in_credentials(name: str, value: str, depth: int) -> Iterator[Secret]:
    """Yield the secrets in a text that stands for all credentials: JSON, a URL, a token, or only a path."""
    if value.lstrip().startswith("{"):
        yield from _secrets(name, json.loads(value), depth + 1)
    elif password := urlsplit(value).password:
        yield f"{name}.password", password
    elif not {"/", "\\", ".", ":"} & set(value):
        yield name, value
