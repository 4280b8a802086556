"""The canonical fact file: adtempo's own column names, strict numbers, ISO 8601 times."""

from adtempo.facts.formats.base import CELLS, MEASURES, Format

_OURS = ("hour", "ad_group_name", "ad_name", "campaign_status", "campaign_budget_daily", "ad_group_budget_daily")

CANONICAL = Format(
    name="canonical",
    title="adtempo's canonical fact file",
    columns={cell: (cell,) for cell in CELLS if cell not in _OURS},
    needs=(
        ("platform",),
        ("account_id",),
        ("account_timezone",),
        ("currency",),
        ("campaign_id",),
        ("grain",),
        ("slot_start",),
        (*MEASURES, "reach"),
    ),
    plain=True,
)
