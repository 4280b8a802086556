"""The parameters of a request are those of the document: a misspelt or repeated one is refused, never ignored."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from adtempo.domain.errors import InvalidInput


def check_parameters(request: Request) -> None:
    """Compare the query of a request with what the document says of its route.

    Raises:
        InvalidInput: A parameter is unknown, or stands twice where one value is asked for.
    """
    if not request.query_params:
        return
    operation = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    known = {
        parameter["name"]: _takes_many(parameter["schema"])
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    }
    for name in request.query_params:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise InvalidInput(f"this address knows no parameter {name!r}; {takes}")
        if not known[name] and len(request.query_params.getlist(name)) > 1:
            raise InvalidInput(f"the parameter {name!r} stands twice; give it once")


def _takes_many(schema: dict[str, Any]) -> bool:
    return any(kind.get("type") == "array" for kind in (schema, *schema.get("anyOf", ())))
