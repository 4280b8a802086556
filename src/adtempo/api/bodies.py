"""Shapes that several areas share: amounts, moments, figures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

Amount = Annotated[
    str, Field(pattern=r"^-?\d+\.\d{2,6}$", description="Decimal string in major units.", examples=["1234.56"])
]
Number = int | float
TEXT = r"^[^\x00-\x1f\x7f]*$"
"""What people write on one line."""

OfCampaign = Annotated[
    str | None,
    Query(max_length=500, pattern=TEXT, description="Only this campaign: its id, or platform:account:campaign."),
]
OfAccount = Annotated[str | None, Query(max_length=300, pattern=TEXT, description="Only of this account.")]

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.", examples=["EUR"])]


def _known_year(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2200:
        raise ValueError("write a moment between the years 2000 and 2199")
    return moment


Moment = Annotated[
    AwareDatetime,
    AfterValidator(_known_year),
    PlainSerializer(datetime.isoformat, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Field(description="ISO 8601 with offset.", examples=["2026-11-20T09:00:00+00:00"]),
]


def gives_file(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return what the document says of the answer of a route that gives a file."""
    return {200: {"description": "The file", "content": {kind: {"schema": {"type": "string"}} for kind in media_types}}}


class Asked(BaseModel):
    """A body that people send: unknown fields are refused, because a misspelt one would do nothing."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Figures(BaseModel):
    """Every metric of a group of facts; null where there is no value."""

    spend: Amount | None = Field(description="What the platform charged.")
    impressions: Number | None
    clicks: Number | None
    conversions: Number | None = Field(description="What the platform counted as a result; fractions occur.")
    conversion_value: Amount | None
    reach: Number | None = Field(description="Null: reach cannot be added up.")
    frequency: Number | None
    roas: Number | None = Field(description="conversion_value / spend.")
    ctr: Number | None = Field(description="clicks / impressions x 100, in percent.")
    cpc: Amount | None
    cpm: Amount | None
    cpa: Amount | None
    cvr: Number | None = Field(description="conversions / clicks x 100, in percent.")
