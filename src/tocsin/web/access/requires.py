"""What stands in front of a route."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from tocsin.core.access import Scope
from tocsin.web.access.access import access_of
from tocsin.web.access.actor import Actor
from tocsin.web.access.cookie import NAME

# They tell programs, in the OpenAPI schema, how to be let in; `Access` itself looks at what was sent.
_KEY = HTTPBearer(auto_error=False, scheme_name="key", description="A key: `tocsin key create`.")
_COOKIE = APIKeyCookie(auto_error=False, scheme_name="session", name=NAME, description="The cookie of a login.")


@cache
def requires(scope: Scope) -> Any:  # noqa: ANN401  # as FastAPI has it
    """Return a dependency that lets those in who may do this, and returns who asks. The schema names the scope.

        def runs(actor: Annotated[Actor, requires(Scope.READ)]) -> …

    Raises, when a request comes:
        Problem: 401 where nobody is let in, 403 where the scope is missing or the request is another site's.
        StoreError: The store cannot be read.
    """

    async def actor(
        request: Request,
        _key: Annotated[HTTPAuthorizationCredentials | None, Security(_KEY)],
        _cookie: Annotated[str | None, Security(_COOKIE)],
    ) -> Actor:
        return await access_of(request).admit(request, scope)

    return Security(actor, scopes=[scope.value])
