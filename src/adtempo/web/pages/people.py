"""Coming in: claiming a fresh installation, signing in, setting one's own password."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from adtempo.people.decide import PASSWORD_LONGEST, PASSWORD_SHORTEST
from adtempo.people.sign_in import is_claimed
from adtempo.web.pages.routing import FOR_EVERYBODY, READ, SIGN_IN, Open, PageRoute, render

router = APIRouter(route_class=PageRoute, include_in_schema=False)

LIMITS = {"name_max": 100, "password_min": PASSWORD_SHORTEST, "password_max": PASSWORD_LONGEST}


@router.get(SIGN_IN, openapi_extra=FOR_EVERYBODY)
def sign_in_page(request: Request, workspace: Open, next: str = "/") -> Response:  # noqa: A002 - the address says next
    """Show the way in: the claim of a fresh installation, or name and password."""
    inside = next if next.startswith("/") and not next.startswith(("//", "/\\")) else "/"
    template = "sign_in.html" if is_claimed(workspace.engine) else "claim.html"
    return render(request, template, next=inside, **LIMITS)


@router.get("/password", openapi_extra=READ)
def password_page(request: Request) -> Response:
    """Let a person set their own password."""
    return render(request, "password.html", **LIMITS)
