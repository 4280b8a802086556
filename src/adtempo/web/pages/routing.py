"""What every page shares: its workspace, its templates, and errors as pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from fastapi.templating import Jinja2Templates

from adtempo.changes.halt import why_halted
from adtempo.charts.theme import THEMES
from adtempo.domain.errors import AdtempoError, Kind, SignInRequired
from adtempo.domain.roles import EVERYBODY, Action
from adtempo.workspace import Workspace

HERE = Path(__file__).parents[1]
SIGN_IN = "/sign-in"

READ: dict[str, Any] = {"x-action": Action.READ}
FOR_EVERYBODY: dict[str, Any] = {"x-action": EVERYBODY}

_TITLES = {
    Kind.NOT_FOUND: ("Nothing here", 404),
    Kind.FORBIDDEN: ("Not for you", 403),
    Kind.UNAVAILABLE: ("Not at the moment", 503),
}
_INVALID = ("That cannot be shown", 422)

_templates = Jinja2Templates(HERE / "templates")


def workspace_of(request: Request) -> Workspace:
    """Return the workspace that this application serves."""
    workspace: Workspace = request.app.state.workspace
    return workspace


Open = Annotated[Workspace, Depends(workspace_of)]


def chosen_theme(request: Request) -> str | None:
    """Return the theme that a person chose; None where the system decides."""
    theme = request.cookies.get("theme")
    return theme if theme in THEMES else None


def render(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Fill a template with what it shows, who is signed in, and the chosen theme."""
    person = getattr(request.state, "person", None)
    everywhere = {"person": person, "theme": chosen_theme(request)}
    if person is not None:
        everywhere |= {
            "halted": why_halted(workspace_of(request)),
            "may_halt": person.may(Action.HALT),
            "may_resume": person.may(Action.ARM),
        }
    return _templates.TemplateResponse(request, template, {**everywhere, **context}, status_code=status)


class PageRoute(APIRoute):
    """A route that answers errors with a page, and strangers with the sign-in page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInRequired:
                asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
                query = "" if asked == "/" else f"?{urlencode({'next': asked})}"
                return RedirectResponse(SIGN_IN + query, status_code=303)
            except AdtempoError as problem:
                title, status = _TITLES.get(problem.kind, _INVALID)
                return render(request, "problem.html", status, title=title, detail=problem.message)
            except RequestValidationError as problem:
                said = "; ".join(f"{error['loc'][-1]}: {error['msg']}" for error in problem.errors())
                return render(request, "problem.html", _INVALID[1], title=_INVALID[0], detail=said)

        return handle_page
