"""Alerts: what is wrong, who knows, where it is told."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from adtempo.alerts import report
from adtempo.alerts.channels import ChannelWish, add_channel, load_channels, remove_channel, try_channels
from adtempo.alerts.open import acknowledge_alert, load_alerts
from adtempo.api.access import ADMINISTER, PLAN, READ, Caller, Open
from adtempo.api.bodies import TEXT, Amount, Asked, Currency, Moment, Number, OfAccount, OfCampaign
from adtempo.api.idempotency import IdempotentRoute
from adtempo.api.pagination import LINK, Paged
from adtempo.domain.accounts import Platform
from adtempo.domain.alerts import Digest, Severity, read_quiet_hours

router = APIRouter(prefix="/api/tracking/alerts", tags=["alerts"], route_class=IdempotentRoute)

CHANNEL = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$"

ChannelName = Annotated[str, Path(pattern=CHANNEL, description="Its name.", examples=["team"])]
AlertNumber = Annotated[int, Path(ge=1, le=2**53, description="Its number.")]


class AlertShown(BaseModel):
    """Something that is or was wrong."""

    id: int
    alert_type: str = Field(examples=["spend_anomaly"])
    severity: Severity
    message: str
    platform: Platform | None
    account_id: str | None
    campaign_id: str | None
    metric_name: str | None
    threshold: Amount | Number | None = Field(description="In the metric's unit; amounts are decimal strings.")
    actual_value: Amount | Number | None
    money_at_stake: Amount | None = Field(description="What is lost per day if it goes on.")
    currency: Currency | None
    opened_at: Moment
    last_seen_at: Moment
    acknowledged_at: Moment | None
    acknowledged_by: str | None
    resolved: bool
    resolved_at: Moment | None


class AlertsShown(BaseModel):
    """Alerts, the newest first."""

    alerts: list[AlertShown]


class ChannelAsked(Asked):
    """A new channel."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "team",
                    "url": "slack://token-a/token-b/token-c/#ads",
                    "severity": "warning",
                    "quiet_hours": "22:00-07:00",
                }
            ]
        }
    )

    name: str = Field(pattern=CHANNEL)
    url: str = Field(
        min_length=1, max_length=2000, pattern=TEXT, description="As Apprise writes it; it is never shown again."
    )
    severity: Severity = Severity.WARNING
    account: str | None = Field(default=None, max_length=300, pattern=TEXT, description="Only news of this account.")
    digest: Digest = Field(default=Digest.NONE, description="How long news that is not critical is gathered.")
    quiet_hours: str | None = Field(
        default=None, pattern=r"^\d\d:\d\d-\d\d:\d\d$", description="When only critical news is sent, in account time."
    )
    allow_address: str | None = Field(
        default=None, max_length=45, pattern=TEXT, description="A private address that may be connected to."
    )


class ChannelShown(BaseModel):
    """One channel, without its secrets."""

    name: str
    address: str
    severity: Severity
    account: str | None
    digest: Digest
    quiet_hours: str | None


class ChannelsShown(BaseModel):
    """Channels in the order of their names."""

    channels: list[ChannelShown]


class TestShown(BaseModel):
    """How one channel took a test message."""

    channel: str
    sent: bool
    error: str | None


class TestsShown(BaseModel):
    """How channels took a test message."""

    tests: list[TestShown]


class DeliveryShown(BaseModel):
    """One message to one channel."""

    id: str = Field(description="In the text of the message too: a repeated message has the id of the first.")
    channel: str
    status: Literal["waiting", "sent", "failed"]
    severity: Severity
    title: str
    body: str
    alerts: int
    created_at: Moment
    due_at: Moment | None = Field(description="When it is tried, or tried again.")
    attempts: int
    sent_at: Moment | None
    error: str | None


class DeliveriesShown(BaseModel):
    """Messages, the newest first."""

    deliveries: list[DeliveryShown]


@router.get("", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_alerts(
    workspace: Open,
    pager: Paged,
    resolved: Annotated[
        Literal["no", "yes", "all"], Query(description="Those that are open, those that are gone, or both.")
    ] = "no",
    account: OfAccount = None,
    campaign: OfCampaign = None,
) -> AlertsShown:
    """List alerts, the newest first."""
    wanted = {"no": False, "yes": True, "all": None}[resolved]
    found = load_alerts(workspace, resolved=wanted, account=account, campaign=campaign)
    page = pager.turn(found, lambda alert: str(alert.id))
    return AlertsShown.model_validate(report.alerts_body(page))


@router.post("/{alert}/acknowledge", openapi_extra=PLAN)
def acknowledge(alert: AlertNumber, workspace: Open, caller: Caller) -> AlertShown:
    """Say that you know: it stays open until its cause is gone, and is told to nobody else."""
    return AlertShown.model_validate(report.alert_body(acknowledge_alert(workspace, alert, actor=caller.name)))


@router.get("/channels", openapi_extra=READ)
def list_channels(workspace: Open) -> ChannelsShown:
    """List the channels."""
    return ChannelsShown.model_validate(report.channels_body(load_channels(workspace)))


@router.post("/channels", status_code=201, openapi_extra=ADMINISTER)
def add(asked: ChannelAsked, workspace: Open, caller: Caller) -> ChannelShown:
    """Add a channel; its URL is stored sealed."""
    wish = ChannelWish(
        name=asked.name,
        url=asked.url,
        severity=asked.severity,
        account=asked.account,
        digest=asked.digest,
        quiet=None if asked.quiet_hours is None else read_quiet_hours(asked.quiet_hours),
        allowed_address=asked.allow_address,
    )
    return ChannelShown.model_validate(report.channel_body(add_channel(workspace, wish, actor=caller.name)))


@router.delete("/channels/{channel}", status_code=204, openapi_extra=ADMINISTER)
def remove(channel: ChannelName, workspace: Open, caller: Caller) -> None:
    """Remove a channel and forget its URL."""
    remove_channel(workspace, channel, actor=caller.name)


@router.post("/channels/{channel}/test", openapi_extra=ADMINISTER)
def try_channel(channel: ChannelName, workspace: Open, caller: Caller) -> TestsShown:
    """Send a test message at once, and say how the channel took it."""
    return TestsShown.model_validate(report.trials_body(try_channels(workspace, channel, actor=caller.name)))


@router.get("/deliveries", openapi_extra=READ)
def list_deliveries(
    workspace: Open, limit: Annotated[int, Query(ge=1, le=1000, description="At most so many, the newest.")] = 100
) -> DeliveriesShown:
    """List messages, what they said, and how they went."""
    return DeliveriesShown.model_validate(report.load_deliveries_body(workspace, limit))
