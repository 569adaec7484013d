"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.core.access import Scope, granted
from tocsin.web.problem import Problem


class Means(StrEnum):
    """What somebody has shown to be let in."""

    KEY = "key"
    SESSION = "session"
    #: Nothing: on a server that only its own machine reaches, and that knows nobody, everybody is let in.
    LOOPBACK = "loopback"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who was let in."""

    #: For people and the audit trail: "ann", or "key ci".
    name: str
    means: Means
    scopes: frozenset[Scope]
    #: The address that the request came from, for the audit trail.
    origin: str
    #: What they may report and see; None for all environments.
    environments: frozenset[str] | None = None

    def sees(self, environment: str) -> bool:
        """Whether they may report to this environment and see it."""
        return self.environments is None or environment in self.environments

    def require(self, scope: Scope) -> None:
        """Let nobody on who may not do this.

        Raises:
            Problem: 403, with the scope that is missing.
        """
        if scope not in self.scopes:
            has = ", ".join(each for each in Scope if each in self.scopes)
            remedy = (
                f"Make a key that has it: tocsin key create --scope {scope}"
                if self.means is Means.KEY
                else "Ask whoever runs the server for another role: tocsin user role"
            )
            raise Problem(
                403,
                f"This needs the scope {scope}, and {self.name} has {has}. {remedy}",
                # RFC 6750, section 3.1.
                headers={"WWW-Authenticate": f'Bearer realm="tocsin", error="insufficient_scope", scope="{scope}"'},
            )

    def require_environment(self, environment: str) -> None:
        """Let nobody on who may not report to this environment.

        Raises:
            Problem: 403, with the environments that they have.
        """
        if not self.sees(environment):
            has = ", ".join(sorted(self.environments or ())) or "none"
            raise Problem(
                403,
                f"{self.name} is not for the environment {environment[:100]!r}, only for {has}. Set tocsin.environment "
                "of the pipeline, or make a key for that one: tocsin key create --environment",
            )


#: What everybody may on a server that knows nobody.
EVERYTHING = granted(Scope)
