"""Reports exported from Meta Ads Manager. Meta's "ad set" is our ad group, here and nowhere above."""

from adtempo.facts.formats.base import Format, RowCheck

META_ADS_MANAGER = Format(
    name="meta-ads-manager",
    title="Meta Ads Manager export",
    platform="meta",
    columns={
        "slot_start": ("day", "reporting starts"),
        "hour": ("time of day (ad account time zone)",),
        "reporting_starts": ("reporting starts",),
        "reporting_ends": ("reporting ends",),
        "explicit_day": ("day",),
        "account_id": ("account id",),
        "account_name": ("account name",),
        "currency": ("currency",),
        "campaign_id": ("campaign id",),
        "campaign_name": ("campaign name",),
        "ad_group_id": ("ad set id",),
        "ad_group_name": ("ad set name",),
        "ad_id": ("ad id",),
        "ad_name": ("ad name",),
        "attribution": ("attribution setting",),
        "impressions": ("impressions",),
        "clicks": ("link clicks", "clicks (all)"),
        "spend": ("amount spent",),
        "conversions": ("purchases",),
        "conversion_value": ("purchases conversion value", "purchase value", "website purchases conversion value"),
        "reach": ("reach",),
        "ad_set_budget": ("ad set budget",),
        "ad_set_budget_type": ("ad set budget type",),
        "campaign_status": ("campaign delivery",),
    },
    needs=(("slot_start",), ("campaign_id", "campaign_name"), ("impressions", "clicks", "spend", "conversions")),
    leading_total=True,
    by_option={"conversions": ("results",)},
    derived={"ad_group_budget_daily": "CASE WHEN lower({ad_set_budget_type}) = 'daily' THEN {ad_set_budget} END"},
    checks=(
        RowCheck(
            "slot_start",
            "{explicit_day} IS NULL AND {reporting_starts} IS DISTINCT FROM {reporting_ends}",
            "the row spans several days; export again with Breakdown > By time > Day",
        ),
    ),
    advice="export with Breakdown > By time > Day",
)
