"""Daily display-ad performance as in the public data set *online advertising performance*: three ids make the ad."""

from adtempo.facts.formats.base import Format

DISPLAY_DAILY = Format(
    name="display-daily",
    title="daily display-ad performance",
    platform="other",
    columns={
        "month": ("month",),
        "day": ("day",),
        "campaign_id": ("campaign_number",),
        "engagement": ("user_engagement",),
        "banner": ("banner",),
        "placement": ("placement",),
        "impressions": ("displays",),
        "clicks": ("clicks",),
        "spend": ("cost",),
        "conversions": ("post_click_conversions",),
        "conversion_value": ("post_click_sales_amount", "revenue"),
    },
    needs=(("month",), ("day",), ("campaign_id",), ("engagement",), ("banner",), ("impressions", "clicks", "spend")),
    derived={
        "slot_start": "{month} || ' ' || {day} || ', {year}'",
        "ad_id": "coalesce({engagement}, '') || '|' || coalesce({banner}, '') || '|' || coalesce({placement}, '')",
    },
    missing=("#N/A",),
    requires=("year", "timezone", "currency"),
)
