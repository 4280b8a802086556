"""The advertiser's own books: sales that no platform sees, or all sales of a campaign, as a `conversions` file."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa

from adtempo.domain.accounts import AccountRef
from adtempo.domain.money import format_micros, minor_decimals
from adtempo.platforms.sandbox.clock import from_us, to_us
from adtempo.platforms.sandbox.draws import uniforms
from adtempo.platforms.sandbox.market import Market
from adtempo.platforms.sandbox.spec import OwnSales

COLUMNS = (
    *("conversion_id", "campaign_id", "click_time", "conversion_time"),
    *("value", "currency", "ad_id", "observed_at"),
)
_UNTRACED_RATIO = 0.25
"""Share of sales in the store that cannot be traced to their click."""


def load_own_sales(market: Market, account: AccountRef, now: datetime) -> pa.Table:
    """Return what the books of an account show at a moment, one row per sale, all columns text as in the file.

    Raises:
        NotFound: The market has no such account.
    """
    spec = market.world.account(account)
    edits, now_us = market.load_edits(account), to_us(now)
    decimals = minor_decimals(spec.currency)
    rows: list[tuple[str | None, ...]] = []
    for campaign in spec.campaigns:
        if campaign.own_sales is OwnSales.NONE:
            continue
        play = market.world.play(spec.campaign_ref(campaign), edits.get(campaign.campaign_id, ()))
        in_store = campaign.own_sales is OwnSales.STORE
        sales = play.store_sales if in_store else play.sales
        luck = uniforms(play.stage.key("traced"), sales.serial)
        for sale in np.flatnonzero((sales.arrived_us <= now_us) & (sales.removed_us > now_us)):
            traced = not in_store or luck[sale] >= _UNTRACED_RATIO
            made = from_us(sales.arrived_us[sale]).isoformat()
            rows.append(
                (
                    f"{campaign.own_sales}-{campaign.campaign_id}-{sales.serial[sale]}",
                    campaign.campaign_id,
                    from_us(sales.clicked_us[sale]).isoformat() if traced else None,
                    made,
                    format_micros(int(sales.value_micros[sale]), decimals),
                    spec.currency,
                    campaign.ads[sales.ad[sale]].ad_id if traced else None,
                    made,
                )
            )
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=list(COLUMNS))
