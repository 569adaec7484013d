"""`[tocsin.oidc]`: people log in to the server where they log in to everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tocsin.config.merge import Leaf, Tree
from tocsin.config.model import Problem
from tocsin.config.reader import Reader, origin_of, problem_of, table_of, value_of
from tocsin.config.settings import Setting, read_choice, read_text
from tocsin.core.access import ROLES, Role

_KEY = "tocsin.oidc"
_ITSELF = frozenset({"localhost", "127.0.0.1", "::1"})
_read_role = read_choice(*(role.value for role in ROLES))

#: `[tocsin.oidc]`
OIDC = (
    Setting(
        key="issuer",
        read=read_text,
        default=None,
        help="Address of the OpenID Connect provider, below which it has `/.well-known/openid-configuration`.",
        example="https://login.example.com/realms/company",
    ),
    Setting(key="client_id", read=read_text, default=None, help="What the provider calls this server."),
    Setting(
        key="client_secret",
        read=read_text,
        default=None,
        help="What the provider has given for it. The address to allow there is `/login/oidc/callback` of the server.",
        secret=True,
    ),
    Setting(
        key="scope",
        read=read_text,
        default="openid profile email",
        help="What is asked of the provider; some need `groups` in it to tell of groups.",
    ),
    Setting(
        key="role_claim",
        read=read_text,
        default="groups",
        help="The claim of the ID token that says who may do what: a text or a list. Dots lead into tables, as in "
        "`realm_access.roles`.",
    ),
    Setting(
        key="default_role",
        read=_read_role,
        default=None,
        help="The role (`read`, `act` or `admin`) of who has none by `[tocsin.oidc.roles]`, which gives each value of "
        'the claim a role: `data-platform = "admin"`. Default: they are not let in.',
        example="read",
    ),
)


@dataclass(frozen=True, kw_only=True)
class OidcConfig:
    """How people log in by OpenID Connect."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = "openid profile email"
    role_claim: str = "groups"
    #: Values of the claim.
    roles: Mapping[str, Role] = field(default_factory=dict)
    default_role: Role | None = None

    def role_of(self, claims: Mapping[str, object]) -> Role | None:
        """Return the highest role that claims give, or None for who is not let in."""
        found = _claim(claims, self.role_claim)
        values = found if isinstance(found, list) else [found]
        given = {self.roles[value] for value in values if isinstance(value, str) and value in self.roles}
        return max(given, key=ROLES.index, default=self.default_role)


def read_oidc(reader: Reader, tree: Tree) -> OidcConfig | None:
    """Return what `[tocsin.oidc]` says; None, with a problem, where nobody could log in by it.

    Args:
        reader: Collects the problems.
        tree: The table.
    """
    before = len(reader.problems)
    given = reader.read(tree, OIDC, _KEY, known=("roles",))
    missing = [key for key in ("issuer", "client_id", "client_secret") if key not in tree]
    reader.problems += [
        Problem(origin=origin_of(tree), key=f"{_KEY}.{key}", found=None, remedy="is missing; the provider says it")
        for key in missing
    ]
    issuer: str = value_of(given, "issuer", "")
    if "issuer" in given and not _is_safe(issuer):
        remedy = "whoever is between could let anybody in; write an address with https://"
        reader.problems.append(problem_of(tree["issuer"], f"{_KEY}.issuer", remedy))
    secret = tree.get("client_secret")
    if isinstance(secret, Leaf) and not secret.layer.secrets_allowed:
        remedy = "is a secret; move it to .dlt/secrets.toml or set TOCSIN__OIDC__CLIENT_SECRET"
        reader.problems.append(
            Problem(origin=origin_of(secret), key=f"{_KEY}.client_secret", found=None, remedy=remedy)
        )
    roles = _roles(reader, table_of(tree, "roles"))
    if not table_of(tree, "roles") and "default_role" not in tree:
        remedy = 'nobody would get a role; write for example default_role = "read", or [tocsin.oidc.roles]'
        reader.problems.append(Problem(origin=origin_of(tree), key=_KEY, found=None, remedy=remedy))
    if len(reader.problems) > before:
        return None
    role: str | None = value_of(given, "default_role", None)
    return OidcConfig(
        issuer=issuer.rstrip("/"),
        client_id=value_of(given, "client_id", ""),
        client_secret=value_of(given, "client_secret", ""),
        scope=value_of(given, "scope", "openid profile email"),
        role_claim=value_of(given, "role_claim", "groups"),
        roles=roles,
        default_role=None if role is None else Role(role),
    )


def _roles(reader: Reader, tree: Tree) -> dict[str, Role]:
    roles = {}
    for value, leaf in tree.items():
        try:
            roles[value] = Role(str(_read_role(leaf.value if isinstance(leaf, Leaf) else leaf)))
        except ValueError as error:
            reader.problems.append(problem_of(leaf, f"{_KEY}.roles.{value}", str(error)))
    return roles


def _is_safe(issuer: str) -> bool:
    try:
        address = urlsplit(issuer)
    except ValueError:
        return False
    return address.scheme == "https" or (address.scheme == "http" and address.hostname in _ITSELF)


def _claim(claims: Mapping[str, object], path: str) -> object:
    """Return a claim by its name, or, where no claim is called so, by the names that lead to it."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
