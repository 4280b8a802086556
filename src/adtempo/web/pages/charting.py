"""Charts: as Vega-Lite documents for pages, as PNG and as SVG."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from adtempo.charts import DAILY
from adtempo.charts.grammar import Document
from adtempo.charts.picture import picture_png, picture_svg
from adtempo.charts.theme import THEMES, finish_chart
from adtempo.domain.errors import NotFound
from adtempo.web.pages.choice import ChartAsked, PictureAsked, choose, find_campaign, load_known
from adtempo.web.pages.outlook import load_outlook, take
from adtempo.web.pages.routing import READ, Open, PageRoute, chosen_theme

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Form = Literal["json", "png", "svg"]


@router.get("/chart/{name}.{form}", openapi_extra=READ)
def chart(
    request: Request,
    workspace: Open,
    name: Annotated[str, Path(max_length=40)],
    form: Form,
    asked: Annotated[ChartAsked, Query()],
) -> Response:
    """Draw one chart of days."""
    wanted = next((known for known in DAILY if known.name == name), None)
    if wanted is None:
        raise NotFound(f"There is no chart {name}; there are {', '.join(known.name for known in DAILY)}.")
    known = load_known(workspace)
    choice = choose(known, asked, find_campaign(workspace, asked.campaign) if asked.campaign else None)
    if choice.currency is None:
        choice = replace(choice, currency=min((found.currency for found in known.accounts.values()), default=""))
    outlook = take(request, workspace, known, choice, lambda: load_outlook(workspace, known, choice))
    return answer_chart(request, wanted.draw(outlook.series), form, asked)


def answer_chart(request: Request, drawn: Document, form: Form, asked: PictureAsked) -> Response:
    """Return a chart in the form and theme asked for, or that it has not changed."""
    theme = asked.theme or chosen_theme(request) or next(iter(THEMES))
    body, media_type = _picture(finish_chart(drawn, theme, None if form == "json" else asked.width, asked.height), form)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _picture(document: Document, form: Form) -> tuple[bytes, str]:
    match form:
        case "png":
            return picture_png(document), "image/png"
        case "svg":
            return picture_svg(document).encode(), "image/svg+xml"
        case _:
            return json.dumps(document).encode(), "application/json"
