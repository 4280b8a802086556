"""The demo market: 36 campaigns in six accounts, with things to find and things that only look like something."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from adtempo.platforms.sandbox.draws import stream_key, uniforms
from adtempo.platforms.sandbox.spec import (
    WEEKEND,
    AccountSpec,
    AdSpec,
    Block,
    CampaignSpec,
    DelayProfile,
    Era,
    Incident,
    IncidentKind,
    OwnSales,
    WorldSpec,
)

HISTORY_DAYS = 60
"""Days of the demo before today."""

FUTURE_DAYS = 30
"""Days for which the demo goes on after today."""

_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Niche:
    niche: str
    name: str
    budget: int  # a day, in US dollars or euros, like all amounts here
    cpm: float
    ctr: float
    cvr: float
    value: float
    buy_blocks: tuple[Block, ...]
    weekend_delivery: float = 1.0


_EVENING, _LUNCH, _NIGHT = (18, 19, 20, 21), (11, 12, 13), (22, 23, 0, 1)
_NICHES = (
    _Niche(
        "fitness", "Home Workout Plan", 320, 7.0, 0.013, 0.036, 48, (Block((5, 6, 7, 8), 1.9), Block(_EVENING, 1.5))
    ),
    _Niche("e-commerce", "Retail Bestsellers", 540, 8.0, 0.014, 0.034, 58, (Block(_EVENING, 1.8), Block(_NIGHT, 0.6))),
    _Niche("saas", "Software Trial B2B", 380, 16.0, 0.010, 0.022, 260, (Block((9, 10, 11, 14, 15), 1.7),), 0.6),
    _Niche("local business", "Restaurants Lunch Deals", 160, 5.0, 0.016, 0.050, 22, (Block(_LUNCH, 2.2),)),
    _Niche("education", "Online Courses Autumn", 240, 9.0, 0.012, 0.026, 110, (Block((19, 20, 21), 1.6),)),
    _Niche(
        *("entertainment", "Streaming Originals", 280, 4.5, 0.017, 0.040, 24),
        (Block(_NIGHT, 1.8), Block((14, 15, 16, 17), 1.4, WEEKEND)),
    ),
)

_GOOGLE = (Era(attribution="30d_data_driven", delays=DelayProfile((0.0, 1.0, 24.0, 168.0), (0.0, 0.45, 0.65, 1.0))),)
_ACCOUNTS = (
    (AccountSpec("meta", "act_1001", "Nordlicht Berlin", "Europe/Berlin", "EUR", (), hourly_conversions=False), 1),
    (AccountSpec("meta", "act_1002", "Hudson Goods", "America/New_York", "USD", (), hourly_conversions=False), 1),
    (AccountSpec("google", "2001", "Hudson Search", "America/New_York", "USD", (), _GOOGLE, reports_reach=False), 1),
    (AccountSpec("google", "2002", "Sakura Tokyo", "Asia/Tokyo", "JPY", (), _GOOGLE, reports_reach=False), 150),
    (AccountSpec("tiktok", "3001", "Nordlicht Clips", "Europe/Berlin", "EUR", ()), 1),
    (AccountSpec("tiktok", "3002", "Mango Mumbai", "Asia/Kolkata", "INR", ()), 85),
)
"""(account without its campaigns, units of its currency in a dollar)."""

_TODAY = HISTORY_DAYS
_HOLIDAY = Incident(IncidentKind.HOLIDAY, _TODAY - 21, 0, 24, 1.5)

WINNER, LOSER = ("act_1002", "e-commerce"), ("3002", "entertainment")
TIRED = ("3001", "fitness")
_PLANTED = {
    ("act_1001", "e-commerce"): Incident(IncidentKind.SPEND_SPIKE, _TODAY - 1, 9, 48, 3.0),
    ("2001", "e-commerce"): Incident(IncidentKind.TRACKING_OUTAGE, _TODAY - 2, 6, 72),
    ("3001", "education"): Incident(IncidentKind.BUDGET_DEPLETED, _TODAY - 1, 0, 48, 4.0),
    ("2002", "fitness"): Incident(IncidentKind.CTR_DECAY, _TODAY - 12, 0, 24 * 14, 0.4),
}


def demo_world(today: date, seed: int = 7) -> WorldSpec:
    """Return the demo market, which began 60 days before `today` and goes on for a month.

    Args:
        today: The day on which the demo is looked at.
        seed: Another seed, another market.
    """
    accounts = tuple(
        replace(
            account,
            campaigns=tuple(_campaign(seed, account, per_dollar, place, niche) for place, niche in enumerate(_NICHES)),
        )
        for account, per_dollar in _ACCOUNTS
    )
    return WorldSpec(seed, today - timedelta(days=HISTORY_DAYS), HISTORY_DAYS + FUTURE_DAYS, accounts)


def _campaign(seed: int, account: AccountSpec, per_dollar: int, place: int, niche: _Niche) -> CampaignSpec:
    where = (account.account_id, niche.niche)
    luck = 0.75 + 0.5 * uniforms(stream_key(seed, "demo", *where), np.arange(4))
    patterned = (place + len(account.name)) % 2 == 0
    better = {WINNER: (2.4, 1.5), LOSER: (0.7, 0.4)}.get(where, (1.0, 1.0))
    campaign_id = f"{account.account_id.removeprefix('act_')}{place + 1:02}"
    planted = (_PLANTED[where],) if where in _PLANTED else ()
    return CampaignSpec(
        campaign_id=campaign_id,
        name=f"{niche.name} {account.name.split()[-1]}",
        niche=niche.niche,
        ads=tuple(
            AdSpec(
                f"{campaign_id}-{position}",
                f"creative-{campaign_id}-{'ABC'[position - 1]}",
                share=4 - position,
                click_factor=(1.1, 1.0, 0.8)[position - 1],
                fatigue_impressions=400_000 if where == TIRED and position == 1 else 0,
            )
            for position in (1, 2, 3)
        ),
        budget_daily_micros=round(niche.budget * luck[0]) * per_dollar * _MICROS,
        cpm_micros=round(niche.cpm * luck[1] * per_dollar * _MICROS),
        ctr=niche.ctr * luck[2] * better[0],
        cvr=niche.cvr * luck[3] * better[1],
        value_micros=round(niche.value * per_dollar * _MICROS),
        buy_blocks=niche.buy_blocks if patterned else (),
        weekend_delivery=niche.weekend_delivery,
        own_sales=_own_sales(account, niche),
        incidents=(_HOLIDAY, *planted),
    )


def _own_sales(account: AccountSpec, niche: _Niche) -> OwnSales:
    if account.platform == "meta" and niche.niche == "e-commerce":
        return OwnSales.FIRST_PARTY
    return OwnSales.STORE if niche.niche == "local business" else OwnSales.NONE
