"""Named sandbox worlds with known truth. Each is one account with few campaigns, so that a test says what it needs.

flat        no pattern at all, no noise beyond counting: whoever finds one, errs
night_owl   sells best late at night, clicks too
two_peaks   two blocks of three hours sell 1.5 times as well; 60 clicks an hour at 3 %
one_star    one campaign of five is far better than the rest, which are equal
drifting    conversion falls slowly from day to day
sparse      a few clicks a day
dst_week    a world that lives through both clock changes of a year
demo        everything at once: six accounts, 36 campaigns
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from adtempo.platforms.sandbox.demo import demo_world
from adtempo.platforms.sandbox.spec import FLAT_TRAFFIC, AccountSpec, AdSpec, Block, CampaignSpec, WorldSpec

START = date(2026, 1, 5)
NIGHT = (22, 23, 0, 1)
PEAK_HOURS = (10, 11, 12, 18, 19, 20)

_PLAIN = CampaignSpec(
    campaign_id="1",
    name="Plain",
    ads=(AdSpec("1a", "creative-a"), AdSpec("1b", "creative-b")),
    budget_daily_micros=1_484_540_000,  # 60 clicks an hour at 1.00 a click, given that pacing aims at 97%
    cpm_micros=10_000_000,
    ctr=0.01,
    cvr=0.03,
    saturation_hour=0.0,
    saturation_day=0.0,
    noise=0.0,
)


def world(
    *campaigns: CampaignSpec, seed: int = 1, start: date = START, days: int = 56, timezone: str = "Europe/Berlin"
) -> WorldSpec:
    """One account with flat traffic and the given campaigns."""
    account = AccountSpec("tiktok", "t1", "Test", timezone, "EUR", campaigns, traffic=FLAT_TRAFFIC)
    return WorldSpec(seed, start, days, (account,))


def plain_campaign(campaign_id: str = "1", **changes: object) -> CampaignSpec:
    """A campaign without pattern, noise or saturation, changed as told."""
    return replace(_PLAIN, campaign_id=campaign_id, **changes)  # type: ignore[arg-type]


def flat(seed: int = 1) -> WorldSpec:
    return world(plain_campaign(), seed=seed)


def night_owl(seed: int = 1) -> WorldSpec:
    blocks = (Block(NIGHT, 1.8),)
    return world(plain_campaign(buy_blocks=blocks, click_blocks=(Block(NIGHT, 1.3),)), seed=seed)


def two_peaks(seed: int = 1) -> WorldSpec:
    return world(plain_campaign(buy_blocks=(Block(PEAK_HOURS, 1.5),)), seed=seed, days=28)


def one_star(seed: int = 1) -> WorldSpec:
    others = [plain_campaign(str(number), noise=0.1) for number in (2, 3, 4, 5)]
    return world(plain_campaign(cvr=0.09, noise=0.1), *others, seed=seed)


def drifting(seed: int = 1) -> WorldSpec:
    return world(plain_campaign(drift_daily=-0.02), seed=seed)


def sparse(seed: int = 1) -> WorldSpec:
    return world(plain_campaign(budget_daily_micros=5_000_000), seed=seed)


def dst_week(seed: int = 1) -> WorldSpec:
    return world(plain_campaign(), seed=seed, start=date(2026, 3, 23), days=230)


def demo(seed: int = 7) -> WorldSpec:
    return demo_world(date(2026, 3, 4), seed)


WORLDS: tuple[Callable[[], WorldSpec], ...] = (
    flat,
    night_owl,
    two_peaks,
    one_star,
    drifting,
    sparse,
    dst_week,
    demo,
)
