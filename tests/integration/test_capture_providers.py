"""Settings and secrets as dlt's own providers hold them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dlt_scripts import RunScript

pytestmark = pytest.mark.dlt_versions

_SCRIPT = """
    import json, os
    from pathlib import Path

    def write(name, text):
        Path(".dlt").mkdir(exist_ok=True)
        Path(".dlt", name).write_text(text)

    write("config.toml", '''
        [tocsin]
        environment = "prod"
        since = 2024-05-01
        [tocsin.pipelines.orders]
        schedule = "0 6 * * *"
        after = ["customers"]
        [tocsin.channels.ops]
        type = "slack"
        webhook_url = "https://hooks.example.com/misplaced"
        [runtime]
        log_level = "WARNING"
    ''')
    write("secrets.toml", '''
        [tocsin.channels.ops]
        webhook_url = "https://hooks.example.com/services/T0/B0/placed"
        [runtime]
        slack_incoming_hook = "https://hooks.example.com/services/T0/B0/filed"
        [sources.shop]
        api_key = "shop-key-1234"
        [destination.warehouse.credentials]
        password = "file-pass-1234"
        host = "db.example.com"
    ''')

    import dlt
    from dlt.common.configuration.providers.vault import VaultDocProvider
    from dlt.destinations import postgres
    from tocsin.capture import providers

    class Vault(VaultDocProvider):
        asked = []
        name = "Test Vault"
        locations = ()

        def _look_vault(self, full_key, hint):
            self.asked.append(full_key)
            return "from-the-vault" if full_key == "tocsin.channels.pager.key" else None

        def _list_vault(self):
            return set()

    vault = Vault(only_secrets=False, only_toml_fragments=False)
    dlt.config.register_provider(vault)
    custom = lambda: {"tocsin": {"owner": "data-team"}, "other": {"token": "custom-token-1"}}
    from dlt.common.configuration.providers import CustomLoaderDocProvider
    dlt.config.register_provider(CustomLoaderDocProvider("Custom", custom))
    dlt.pipeline("orders", destination=postgres("postgresql://loader:code-pass-1234@db.example.com/dwh"))

    layers = providers.layers()
    asked = list(vault.asked)
    result = {
        "layers": [[layer.origin, layer.values, layer.secrets_allowed] for layer in layers],
        "asked": [key for key in asked if "tocsin" in key],
        "secrets": providers.secret_values(),
        "asked_for_secrets": vault.asked[len(asked):],
        "lookup": providers.lookup("key", "tocsin", "channels", "pager"),
        "no lookup": providers.lookup("nothing", "tocsin"),
        "data_dir": str(providers.data_dir()) == os.environ["DLT_DATA_DIR"],
    }
    print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def found(run_script: RunScript) -> Any:
    """What the providers of one program give."""
    ended = run_script(
        _SCRIPT,
        same=False,
        TOCSIN__PIPELINES__ORDERS__OWNER="me",
        TOCSIN__LEAST="info",
        TOCSIN__LEAST__DEEPER="a table where a value stands",
        RUNTIME__SLACK_INCOMING_HOOK="https://hooks.example.com/services/T0/B0/dlts-own",
        RUNTIME__LOG_LEVEL="ERROR",
        GITHUB_TOKEN="environment-token",
        SHELL_LEVEL="not-a-secret",
    )
    assert ended.err == ""
    return json.loads(ended.out)


def _layer(found: Any, origin: str) -> Any:
    [layer] = [layer for layer in found["layers"] if layer[0] == origin]
    return layer


def test_order_and_names(found: Any) -> None:
    """The layers come in the order of dlt's providers, named by file; the files win over what comes after them."""
    origins = [origin for origin, _, _ in found["layers"]]
    assert origins == ["environment", ".dlt/secrets.toml", ".dlt/config.toml", "Test Vault", "Custom"]


def test_environment(found: Any) -> None:
    """Variables are read by their prefix; of dlt's runtime only what becomes a channel."""
    _, values, secrets_allowed = _layer(found, "environment")
    assert values["tocsin"]["pipelines"] == {"orders": {"owner": "me"}}
    assert values["tocsin"]["least"] == "info"
    assert values["runtime"] == {"slack_incoming_hook": "https://hooks.example.com/services/T0/B0/dlts-own"}
    assert secrets_allowed


def test_files(found: Any) -> None:
    """Values of the files are plain, other tables stay out, and a secret in config.toml is no error."""
    _, config, secrets_allowed = _layer(found, ".dlt/config.toml")
    assert config["tocsin"]["pipelines"] == {"orders": {"schedule": "0 6 * * *", "after": ["customers"]}}
    assert config["tocsin"]["channels"]["ops"]["webhook_url"] == "https://hooks.example.com/misplaced"
    assert config["tocsin"]["since"] == "2024-05-01"
    assert (config["runtime"], secrets_allowed) == ({}, False)
    _, secrets, secrets_allowed = _layer(found, ".dlt/secrets.toml")
    assert set(secrets) == {"tocsin", "runtime"}
    assert secrets["runtime"] == {"slack_incoming_hook": "https://hooks.example.com/services/T0/B0/filed"}
    assert secrets_allowed


def test_vault_is_asked_only_when_needed(found: Any) -> None:
    """Reading settings and secrets asks no vault; a lookup does."""
    assert (found["asked"], found["asked_for_secrets"]) == ([], [])
    assert (found["lookup"], found["no lookup"]) == ("from-the-vault", None)


def test_secret_values(found: Any) -> None:
    """Secrets are known by name from files, the environment, custom providers and code; what is harmless is not."""
    secrets = found["secrets"]
    assert secrets["sources.shop.api_key"] == "shop-key-1234"
    assert secrets["destination.warehouse.credentials.password"] == "file-pass-1234"
    assert secrets["github_token"] == "environment-token"
    assert secrets["other.token"] == "custom-token-1"
    assert secrets["destination.credentials.password"] == "code-pass-1234"
    assert secrets["tocsin.channels.ops.webhook_url"].endswith("/placed")
    assert {"db.example.com", "not-a-secret"}.isdisjoint(secrets.values())


def test_data_dir(found: Any) -> None:
    """The data directory is dlt's."""
    assert found["data_dir"]


def test_broken_file(run_script: RunScript) -> None:
    """A config.toml that is no TOML is dlt's to report; ours is not the error that the user sees."""
    ended = run_script(
        """
        from pathlib import Path
        Path(".dlt").mkdir(exist_ok=True)
        Path(".dlt/config.toml").write_text("[tocsin")
        import dlt
        dlt.pipeline("orders", destination="duckdb")
        """
    )
    assert ended.code == 1
    assert "TomlProviderReadException" in ended.err


def test_each_project_has_a_home_of_its_own(tmp_path: Path) -> None:
    """Two projects with one data directory keep their spools and stores apart, and each finds its own again."""
    code = "from tocsin.capture.providers import home; print(home())"
    found: dict[str, set[Path]] = {}
    for name in ("shop", "other/shop", "shop"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path / name, check=True, capture_output=True, text=True
        )
        found.setdefault(name, set()).add(Path(done.stdout.strip()))
    (shop,), (other,) = found["shop"], found["other/shop"]
    assert shop != other
    assert shop.parent == other.parent == tmp_path / "dlt" / "tocsin"
    assert shop.name.startswith("shop-")
