"""Where jobs ping."""

from __future__ import annotations

import asyncio
import json
import uuid

from fastapi import Request, Response

from tocsin.core.access import ApiKey, Scope
from tocsin.core.codec import encode
from tocsin.core.event import Event
from tocsin.core.inbox import Received
from tocsin.core.ping import LONGEST_OUTPUT, Address, event_type, pinged_run, read_address, read_rid
from tocsin.core.redact import Redactor
from tocsin.errors import StoreError
from tocsin.web.access.access import access_of, origin_of
from tocsin.web.api.body import read_sent
from tocsin.web.problem import Problem, store_problem
from tocsin.web.server import server_of

PATH = "/ping/{path:path}"
METHODS = ("GET", "HEAD", "POST")
#: Characters of an output in which secrets are looked for, which takes a millisecond for each thousand. It is more than
#: is kept, so that the half of a secret with which they may begin is not among those.
_LOOKED_AT = 2 * LONGEST_OUTPUT
_redact = Redactor()


async def ping(request: Request) -> Response:
    """Keep what a job tells of itself, and answer when it is on the disk: `OK`, or one sentence."""
    try:
        await _keep(request)
    except Problem as problem:
        return _answer(problem)
    except StoreError as error:
        return _answer(store_problem(error))
    return Response("OK\n", media_type="text/plain")


async def _keep(request: Request) -> None:
    server = server_of(request)
    try:
        address = read_address(request.path_params["path"])
    except ValueError as error:
        raise Problem(404, f"{error}.") from error
    try:
        rid = read_rid(request.query_params.get("rid", ""))
    except ValueError as error:
        raise Problem(400, f"{error}.") from error
    key = await _key(request, address)
    server.ping_rate.count(key.id)
    now = server.engine.clock()
    with server.room.part() as part:
        output = await read_sent(request, part) if request.method == "POST" else b""
        said = await asyncio.to_thread(_read, output) if output else ""
    run = pinged_run(
        address.word,
        job=address.job or key.name,
        environment=key.environments[0] if key.environments else server.engine.config.environment,
        at=now,
        new_id=uuid.uuid4().hex,
        rid=rid,
        output=said,
        host=origin_of(request),
    )
    event = Event(id=uuid.uuid4().hex, type=event_type(address.word), at=now, run=run)
    await server.inbox.append([Received(event_id=event.id, text=json.dumps(encode(event)), at=now)])


async def _key(request: Request, address: Address) -> ApiKey:
    try:
        key = await access_of(request).key(address.key)
    except Problem as problem:
        raise Problem(403, problem.detail) from problem
    if Scope.PING not in key.scopes:
        raise Problem(
            403,
            "This key may do more than ping, and addresses end up in logs. Make one for pings alone: tocsin key create "
            "--scope ping",
        )
    return key


def _read(output: bytes) -> str:
    """Return the end of an output without secrets; what is no text, and no database takes, becomes a mark."""
    text = output.decode(errors="replace").replace("\0", "\ufffd")
    clean = _redact(text[-_LOOKED_AT:])
    if len(text) <= _LOOKED_AT:
        return clean
    # 60 characters are enough for the sentence about the rest.
    kept = clean[-(LONGEST_OUTPUT - 60) :]
    kept = kept[kept.find("\n") + 1 :]
    return f"[{len(text) - len(kept):,} characters left out]\n{kept}"


def _answer(problem: Problem) -> Response:
    return Response(f"{problem.detail}\n", problem.status, headers=problem.headers, media_type="text/plain")
