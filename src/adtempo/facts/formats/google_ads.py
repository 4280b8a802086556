"""Reports downloaded from Google Ads: two lines before the header, "Total: ..." rows after the rest."""

from adtempo.facts.formats.base import Format

GOOGLE_ADS = Format(
    name="google-ads",
    title="Google Ads report",
    platform="google",
    columns={
        "slot_start": ("day",),
        "hour": ("hour of the day",),
        "account_id": ("customer id",),
        "account_name": ("account",),
        "currency": ("currency code",),
        "campaign_id": ("campaign id",),
        "campaign_name": ("campaign",),
        "ad_group_id": ("ad group id",),
        "ad_group_name": ("ad group",),
        "ad_id": ("ad id",),
        "impressions": ("impr.", "impressions"),
        "clicks": ("clicks",),
        "spend": ("cost",),
        "conversions": ("conversions",),
        "conversion_value": ("conv. value", "conversion value", "all conv. value"),
        "campaign_budget_daily": ("budget",),
        "campaign_status": ("campaign state", "campaign status"),
    },
    needs=(("slot_start",), ("campaign_id", "campaign_name"), ("impressions", "clicks", "spend", "conversions")),
    missing=("--",),
    totals="Total: .*",
    advice="add the segment Time > Day to the report",
)
