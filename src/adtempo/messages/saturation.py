"""How worn out a page's audience is, in words its owner understands."""

from __future__ import annotations

from adtempo.domain.messages import Saturation, zone_of
from adtempo.messages.response import JUDGED_MIN, PageResponse

PAID_MIN = 60
"""With fewer judged paid messages a page is thin."""

CERTAINTY_MIN = 0.5
"""A page that does not halve the doubt about wear is thin, however many messages it sent."""


def estimate_saturation(response: PageResponse | None, paid: int) -> Saturation:
    """Return how far value per recipient has fallen because of recent paid volume.

    Args:
        response: How the page's fans respond; None where there was too little to try.
        paid: Paid messages that the page sent.
    """
    if response is None:
        return Saturation(
            score=0.0,
            low95=0.0,
            high95=1.0,
            zone=zone_of(0.0),
            thin=True,
            paid_messages=0,
            load=0.0,
            half_life_hours=0.0,
            evidence=f"{paid} paid messages are too few to judge by: at least {JUDGED_MIN} must be two days old.",
        )
    wear, judged = response.wear, len(response.judged)
    thin = judged < PAID_MIN or wear.certainty < CERTAINTY_MIN
    words = (
        f"Recent paid messages cost about {wear.loss:.0%} of what a rested fan would spend "
        f"(95%: {wear.low95:.0%} to {wear.high95:.0%}), judged by {judged} paid messages; season, price, hour and "
        f"caption taken off. {wear.load:.1f} messages are still felt; half is forgotten after "
        f"{wear.half_life_hours:.0f} hours."
    )
    if thin:
        words += f" Thin: {_why_thin(judged)}, so the number leans on what is usual elsewhere."
    return Saturation(
        score=wear.loss,
        low95=wear.low95,
        high95=wear.high95,
        zone=zone_of(wear.loss),
        thin=thin,
        paid_messages=judged,
        load=wear.load,
        half_life_hours=wear.half_life_hours,
        evidence=words,
    )


def _why_thin(judged: int) -> str:
    if judged < PAID_MIN:
        return f"fewer than {PAID_MIN} paid messages are old enough"
    return "volume hardly varied, or sales are too few to tell"
