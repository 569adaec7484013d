"""`[tocsin.oidc]` and what `[tocsin.serve]` says of addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config
from tocsin.config.oidc import OidcConfig
from tocsin.core.access import Role

GIVEN: dict[str, Any] = {
    "issuer": "https://id.example/",
    "client_id": "tocsin",
    "client_secret": "made up",
    "default_role": "read",
}


def configured(serve: dict[str, Any] | None = None, *, secrets_allowed: bool = True, **oidc: Any) -> Config:
    """Return the configuration with these tables."""
    tables = {"serve": serve or {}, "oidc": oidc}
    layer = Layer(origin="secrets.toml", values={"tocsin": tables}, secrets_allowed=secrets_allowed)
    return load([layer], home=Path("home"))


def test_all_that_can_be_set() -> None:
    """The slash at the end of an issuer means nothing, and the secret is not in what is printed."""
    config = configured(**GIVEN, scope="openid groups", role_claim="realm.roles", roles={"platform": "Admin"})
    assert config.problems == ()
    assert config.oidc == OidcConfig(
        issuer="https://id.example",
        client_id="tocsin",
        client_secret="made up",
        scope="openid groups",
        role_claim="realm.roles",
        roles={"platform": Role.ADMIN},
        default_role=Role.READ,
    )
    assert "made up" not in repr(config)


def test_without_it_there_is_none() -> None:
    """Nobody has to have a provider."""
    config = configured()
    assert (config.oidc, config.problems) == (None, ())


@pytest.mark.parametrize(
    ("oidc", "says"),
    [
        ({key: value for key, value in GIVEN.items() if key != "client_id"}, "tocsin.oidc.client_id: is missing"),
        (GIVEN | {"issuer": "http://id.example"}, "tocsin.oidc.issuer: whoever is between could let anybody in"),
        (GIVEN | {"issuer": "https://[id"}, "tocsin.oidc.issuer: whoever is between could let anybody in"),
        (GIVEN | {"default_role": "root"}, "tocsin.oidc.default_role: expected one of: read, act, admin"),
        (GIVEN | {"roles": {"ops": "root"}}, "tocsin.oidc.roles.ops: expected one of: read, act, admin"),
        (GIVEN | {"roles": {"ops": {"x": "read"}}}, "tocsin.oidc.roles.ops: expected one of: read, act, admin"),
        (GIVEN | {"isuer": "x"}, "tocsin.oidc.isuer: unknown key; did you mean 'issuer'?"),
        (
            {key: value for key, value in GIVEN.items() if key != "default_role"},
            'tocsin.oidc: nobody would get a role; write for example default_role = "read"',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_lets_nobody_in_is_a_problem(oidc: dict[str, Any], says: str) -> None:
    """Each says what to write, and nothing is half set up."""
    config = configured(**oidc)
    assert config.oidc is None
    [problem] = config.problems
    assert str(problem).startswith(f"secrets.toml: {says}")


def test_a_secret_that_everybody_reads_is_a_problem() -> None:
    """The secret belongs where secrets are."""
    [problem] = configured(secrets_allowed=False, **GIVEN).problems
    assert "is a secret; move it to .dlt/secrets.toml or set TOCSIN__OIDC__CLIENT_SECRET" in str(problem)
    assert "made up" not in str(problem)


@pytest.mark.parametrize("issuer", ["http://localhost:8080/realms/x", "http://127.0.0.1", "http://[::1]:1"])
def test_a_provider_on_this_machine_needs_no_https(issuer: str) -> None:
    """Nobody is between."""
    config = configured(**GIVEN | {"issuer": issuer})
    assert (config.problems, config.oidc is not None) == ((), True)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["ops", "platform", "sales"]}, Role.ADMIN),
        ({"groups": "ops"}, Role.ACT),
        ({"groups": []}, Role.READ),
        ({"groups": ["Platform"]}, Role.READ),
        ({"groups": {"platform": True}}, Role.READ),
        ({"groups": [["platform"], 1, None]}, Role.READ),
        ({}, Role.READ),
    ],
)
def test_the_highest_role_counts(claims: dict[str, object], role: Role) -> None:
    """Of several groups the one that may most; odd claims give none."""
    config = configured(**GIVEN, roles={"platform": "admin", "ops": "act"}).oidc
    assert config is not None
    assert config.role_of(claims) is role


def test_dots_lead_into_claims() -> None:
    """Providers put roles into tables, and some have dots in the name of a claim."""
    given = {key: value for key, value in GIVEN.items() if key != "default_role"}
    config = configured(**given, role_claim="realm_access.roles", roles={"ops": "act"}).oidc
    assert config is not None
    assert config.role_of({"realm_access": {"roles": ["ops"]}}) is Role.ACT
    assert config.role_of({"realm_access.roles": ["ops"]}) is Role.ACT
    assert config.role_of({"realm_access": "roles"}) is None


def test_how_browsers_know_the_server() -> None:
    """A slash at the end means nothing; proxies are a list."""
    config = configured({"public_url": "https://tocsin.internal/", "trusted_proxies": ["10.0.0.0/8"]})
    assert (config.public_url, config.trusted_proxies) == ("https://tocsin.internal", ("10.0.0.0/8",))
    assert config.problems == ()


@pytest.mark.parametrize(
    "address", ["tocsin.internal", "https://tocsin.internal/x", "ftp://x", "https://x?a=b", "https://"]
)
def test_what_is_no_address_of_a_server(address: str) -> None:
    """Paths are not served, and other schemes neither."""
    [problem] = configured({"public_url": address}).problems
    assert "expected scheme, host and port, for example https://tocsin.internal" in str(problem)
