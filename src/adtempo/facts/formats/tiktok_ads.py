"""Reports exported from TikTok Ads Manager."""

from adtempo.facts.formats.base import Format

TIKTOK_ADS = Format(
    name="tiktok-ads",
    title="TikTok Ads Manager export",
    platform="tiktok",
    columns={
        "slot_start": ("by day", "date", "by hour"),
        "hour": ("by hour", "time of day"),
        "account_id": ("account id", "advertiser id"),
        "account_name": ("account name",),
        "currency": ("currency",),
        "campaign_id": ("campaign id",),
        "campaign_name": ("campaign name",),
        "ad_group_id": ("ad group id",),
        "ad_group_name": ("ad group name",),
        "ad_id": ("ad id",),
        "ad_name": ("ad name",),
        "impressions": ("impressions",),
        "clicks": ("clicks (destination)", "clicks"),
        "spend": ("cost", "total cost"),
        "conversions": ("conversions", "complete payment", "results"),
        "conversion_value": ("total complete payment value", "total purchase value"),
        "reach": ("reach",),
        "campaign_budget_daily": ("budget",),
        "campaign_status": ("campaign status",),
    },
    needs=(("slot_start",), ("campaign_id", "campaign_name"), ("impressions", "clicks", "spend", "conversions")),
    missing=("-",),
    totals="Total of [0-9,]+ results?",
    advice="add the dimension By Day to the report",
)
