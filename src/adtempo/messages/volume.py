"""How much a page sends in a week: its tier's range, thinned out as its audience tires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adtempo.domain.errors import InvalidInput
from adtempo.domain.messages import Tier, Zone, zone_of


@dataclass(frozen=True, slots=True)
class TierRule:
    """What a page of one tier sends.

    Attributes:
        ppv: Least and most PPVs a week.
        bump: Least and most Bumps a week.
        gap_minutes: Least time between two PPVs.
    """

    ppv: tuple[int, int]
    bump: tuple[int, int]
    gap_minutes: int


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """What a zone changes.

    Attributes:
        ppv_percent: Of the tier's PPVs.
        bump_percent: Of the tier's Bumps.
        gap_minutes: Added to the least gap.
        cooling_days: First days of the week without PPV.
    """

    ppv_percent: int
    bump_percent: int
    gap_minutes: int
    cooling_days: int


TIER_RULES: Mapping[Tier, TierRule] = {
    Tier.MICRO: TierRule((5, 7), (3, 5), 180),
    Tier.SMALL: TierRule((7, 10), (5, 7), 150),
    Tier.MEDIUM: TierRule((10, 14), (7, 10), 120),
    Tier.LARGE: TierRule((14, 18), (10, 14), 90),
    Tier.MEGA: TierRule((18, 25), (14, 18), 75),
}

ZONE_RULES: Mapping[Zone, ZoneRule] = {
    Zone.GREEN: ZoneRule(100, 100, 0, 0),
    Zone.YELLOW: ZoneRule(75, 120, 30, 0),
    Zone.RED: ZoneRule(50, 200, 60, 2),
}


@dataclass(frozen=True, slots=True)
class Volume:
    """How much a page sends in one week.

    Attributes:
        tier: How much the page earns.
        saturation: How worn out its audience is, 0 to 1.
        zone: What that means.
        ppv: Paid messages.
        bump: Free follow-ups.
        gap_minutes: Least time between two PPVs.
        cooling_days: First days of the week without PPV.
    """

    tier: Tier
    saturation: float
    zone: Zone
    ppv: int
    bump: int
    gap_minutes: int
    cooling_days: int


def plan_volume(tier: Tier, saturation: float) -> Volume:
    """Return a week's volume: floor(floor(middle of the tier's range) x zone factor), in whole numbers throughout.

    Args:
        saturation: How worn out its audience is, 0 to 1.

    Raises:
        InvalidInput: The saturation is not between 0 and 1.

    >>> plan_volume(Tier.LARGE, 0.7).ppv, plan_volume(Tier.LARGE, 0.7).bump
    (8, 24)
    """
    if not 0.0 <= saturation <= 1.0:
        raise InvalidInput(f"a saturation lies between 0 and 1, not at {saturation:g}")
    zone = zone_of(saturation)
    rule, change = TIER_RULES[tier], ZONE_RULES[zone]
    return Volume(
        tier=tier,
        saturation=saturation,
        zone=zone,
        ppv=sum(rule.ppv) // 2 * change.ppv_percent // 100,
        bump=sum(rule.bump) // 2 * change.bump_percent // 100,
        gap_minutes=rule.gap_minutes + change.gap_minutes,
        cooling_days=change.cooling_days,
    )


def find_tier(name: str) -> Tier:
    """Return the tier of a name, in whatever case.

    Raises:
        InvalidInput: There is no such tier.
    """
    try:
        return Tier(name.upper())
    except ValueError:
        raise InvalidInput(f"there is no tier {name!r}; choose one of {', '.join(Tier)}") from None


def volume_body(volume: Volume) -> dict[str, Any]:
    """Return a volume as the HTTP API and --json give it."""
    return {
        "tier": volume.tier.value,
        "saturation": volume.saturation,
        "zone": volume.zone.value,
        "ppv": volume.ppv,
        "bump": volume.bump,
        "gap_minutes": volume.gap_minutes,
        "cooling_days": volume.cooling_days,
    }
