"""What pages are made of: our style sheet and modules, and the charts' library out of its own package."""

from __future__ import annotations

import hashlib
from functools import cache
from mimetypes import guess_type

import vl_convert
from fastapi import APIRouter, Request, Response

from adtempo.domain.errors import NotFound
from adtempo.web.pages.routing import FOR_EVERYBODY, HERE, PageRoute

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_STATIC = {path.name: path for path in (HERE / "static").iterdir()}


@router.get("/static/{name}", openapi_extra=FOR_EVERYBODY)
def static(request: Request, name: str) -> Response:
    """Return one of our own files."""
    path = _STATIC.get(name)
    if path is None:
        raise NotFound(f"There is no file {name}.")
    return _answer(request, path.read_bytes(), guess_type(name)[0] or "application/octet-stream")


@router.get("/assets/vega.js", openapi_extra=FOR_EVERYBODY)
def vega(request: Request) -> Response:
    """Return Vega, Vega-Lite and Vega-Embed as one module that exports `embed`."""
    return _answer(request, bundle_vega(), "text/javascript")


@cache
def bundle_vega() -> bytes:
    """Return the module; making it takes seconds, so it is made once."""
    return vl_convert.javascript_bundle("export const embed = vegaEmbed;").encode()


def _answer(request: Request, body: bytes, media_type: str) -> Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
