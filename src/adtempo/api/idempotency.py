"""`Idempotency-Key`: a request that changes something, sent twice under one key, is done once.

The first answer is kept for a day and given again. What is stored of the key and of the body are hashes; the key itself
is the secret of the second one, so that a password in a body cannot be guessed from the table.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from adtempo.api.access import workspace_of
from adtempo.api.gate import SAFE_METHODS
from adtempo.domain.errors import Conflict, InvalidInput
from adtempo.domain.roles import Person
from adtempo.store import idempotency as stored

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_MAX = 200


class IdempotentRoute(APIRoute):
    """A route that honours Idempotency-Key on methods that change something."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler: answer from the store, or answer and store."""
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method in SAFE_METHODS:
                return await handle(request)
            if not key.isascii() or not key.isprintable() or not 0 < len(key) <= KEY_MAX:
                raise InvalidInput(f"{HEADER} must be 1 to {KEY_MAX} printable ASCII characters")
            return await _answer_once(request, key, handle)

        return handle_once


async def _answer_once(
    request: Request, key: str, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    workspace = workspace_of(request)
    person: Person | None = getattr(request.state, "person", None)
    body = await request.body()
    caller = request.headers.get("authorization", "") + request.headers.get("cookie", "")
    place = f"{person.id if person else caller}\n{request.method}\n{request.url.path}\n{key}"
    name = hashlib.sha256(place.encode()).hexdigest()
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    known = await run_in_threadpool(stored.begin_request, workspace.engine, name, digest, workspace.now())
    if known is not None:
        return _answer_again(known, digest)
    try:
        response = await handle(request)
    except BaseException:
        await run_in_threadpool(stored.forget_request, workspace.engine, name)
        raise
    answer = stored.Answer(response.status_code, response.media_type or "application/json", bytes(response.body))
    await run_in_threadpool(stored.keep_answer, workspace.engine, name, answer)
    return response


def _answer_again(known: stored.KnownRequest, digest: str) -> Response:
    if known.digest != digest:
        raise Conflict(f"this {HEADER} was used for another request; choose a new one")
    if known.answer is None:
        raise Conflict(f"the request of this {HEADER} is still being worked on; ask again soon")
    answer = known.answer
    return Response(answer.body, answer.status, headers={REPLAYED: "true"}, media_type=answer.media_type)
