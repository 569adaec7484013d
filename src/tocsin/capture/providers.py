"""Settings and secrets from dlt's own providers: environment, secrets.toml, config.toml, vaults and custom ones.

dlt's resolution is not used, because it raises: on a secret in config.toml, on a value of the wrong type, on a file
that is no TOML. Here the providers' documents are read as they are, and the configuration tells what is wrong.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tocsin.capture.quiet import quiet
from tocsin.config.layer import Layer
from tocsin.config.merge import RUNTIME_KEYS, environment_layer


def layers() -> list[Layer]:
    """Return the settings that concern Tocsin, in the order of dlt's providers; the first one wins.

    Vaults are read as far as dlt has filled them by now: asking them would need the network.
    """
    return [layer for provider in _providers() if (layer := _layer(provider))] or [environment_layer(os.environ)]


@quiet
def read_anew() -> None:
    """Let dlt read its files again, where it has read them before they were written: `dlt tocsin init`."""
    if "dlt" in sys.modules:
        _pluggable().reload_providers()


def lookup(key: str, *sections: str) -> str | None:
    """Ask each provider for one value, vaults included; None if none of them has it.

    This may use the network. It is for what is missing at the moment when it is needed.
    """
    return next((value for provider in _providers() if (value := _ask(provider, key, sections))), None)


def secret_values() -> dict[str, str]:
    """Return name and exact value of each secret that is known by now; vaults are not asked."""
    # Imported where a text has to be redacted, because runs that go well do without.
    from tocsin.capture.secrets import known_secrets

    documents = [getattr(provider, "_config_doc", None) for provider in _providers() if provider.supports_secrets]
    return known_secrets([document for document in documents if isinstance(document, Mapping)])


def data_dir() -> Path:
    """Return dlt's data directory as an absolute path."""
    context = quiet(_run_context)()
    directory = getattr(context, "data_dir", None) or os.environ.get("DLT_DATA_DIR") or _default_data_dir()
    return Path(directory).absolute()


def home() -> Path:
    """Return where Tocsin keeps what belongs to the project in this directory."""
    return home_of(project_dir(), data_dir())


def project_dir() -> Path:
    """Return the directory of the project as an absolute path."""
    return Path(getattr(quiet(_run_context)(), "run_dir", None) or Path.cwd()).absolute()


def home_of(project: Path, data: Path) -> Path:
    """Return the home of a project, given its directory and dlt's data directory, both absolute.

    All projects of a user share dlt's data directory. Each has channels and routes of its own, so each has a home of
    its own: otherwise one project's companion would send the messages of another to its own channels.
    """
    key = hashlib.sha256(str(project).encode(errors="surrogateescape")).hexdigest()[:8]
    return data / "tocsin" / f"{project.name or 'root'}-{key}"


def _default_data_dir() -> Path:
    """Where dlt keeps its data if nothing else is said; root has no home that is sure to last."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return Path("/var/dlt") if is_root else Path.home() / ".dlt"


def _run_context() -> Any:  # noqa: ANN401  # dlt's RunContextBase, whose home moved between versions
    return _pluggable().context


def _pluggable() -> Any:  # noqa: ANN401  # dlt's PluggableRunContext
    specs = importlib.import_module("dlt.common.configuration.specs.pluggable_run_context")
    return importlib.import_module("dlt.common.configuration.container").Container()[specs.PluggableRunContext]


@quiet
def _found_providers() -> list[Any]:
    return list(_pluggable().providers.providers)


def _providers() -> list[Any]:
    return _found_providers() or []


@quiet
def _layer(provider: Any) -> Layer | None:  # noqa: ANN401  # dlt's ConfigProvider
    document = getattr(provider, "_config_doc", None)
    if document is None:
        return environment_layer(os.environ) if provider.name == "Environment Variables" else None
    values: dict[str, object] = {}
    if isinstance(tocsin := document.get("tocsin"), Mapping):
        values["tocsin"] = _plain(tocsin)
    if isinstance(runtime := document.get("runtime"), Mapping):
        values["runtime"] = {key: _plain(runtime[key]) for key in RUNTIME_KEYS if key in runtime}
    return Layer(origin=_origin(provider), values=values, secrets_allowed=bool(provider.supports_secrets))


def _origin(provider: Any) -> str:  # noqa: ANN401  # dlt's ConfigProvider
    """Name the files that were read, those below the working directory relative to it; else the provider."""
    # Providers tell their files since dlt 1.5; before, they kept one path for each of the two.
    paths = getattr(provider, "locations", None) or [
        getattr(provider, "_toml_path", None),
        getattr(provider, "_global_dir", None),
    ]
    files = [_shown(Path(path)) for path in paths if path and Path(path).is_file()]
    return ", ".join(files) or str(provider.name)


def _shown(path: Path) -> str:
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _plain(value: object) -> object:
    """Return values of a TOML library as plain ones, and what has no JSON form as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


@quiet
def _ask(provider: Any, key: str, sections: tuple[str, ...]) -> str | None:  # noqa: ANN401  # dlt's ConfigProvider
    secret = importlib.import_module("dlt.common.typing").TSecretStrValue
    value, _ = provider.get_value(key, secret, None, *sections)
    return None if value is None else str(value)
