"""Days that are not over: how much of what their clicks will bring has been seen.

A curve of whole days says nothing of a day at noon, whose clicks are half as old. The delay from click to conversion
behind the curve does: its shape is taken from a prior, its speed so that whole days come out as they were learnt, and
clicks are taken to have come evenly since midnight.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from adtempo.stats.maturity.curves import Basis, DelayCurve

Floats = NDArray[np.float64]

_STEPS = 96
_SLOWEST, _FASTEST = 1e-3, 1e3


def arrived_share(delay_days: ArrayLike, knots_days: Floats, knots_share: Floats) -> Floats:
    """Return the share of conversions that come within a delay: straight between knots of the delay's logarithm.

    Args:
        delay_days: Time since the click in days, any shape; none comes before it.
        knots_days: Rising delays above 0, shape (knots,).
        knots_share: Share that has come by each, rising to 1, shape (knots,).
    """
    delay = np.asarray(delay_days, dtype=np.float64)
    early = knots_share[0] * np.clip(delay, 0, None) / knots_days[0]
    later = np.interp(np.log(np.maximum(delay, knots_days[0])), np.log(knots_days), knots_share)
    return np.asarray(np.where(delay < knots_days[0], early, later))


def cohort_share(age_days: ArrayLike, knots_days: Floats, knots_share: Floats, speed: float = 1.0) -> Floats:
    """Return the share seen of a day whose clicks came evenly, at ages in days since its start, shape (ages,).

    Before the day's end only the clicks so far count.
    """
    age = np.asarray(age_days, dtype=np.float64)[:, None]
    clicked = (np.arange(_STEPS) + 0.5) / _STEPS * np.minimum(age, 1.0)
    return np.asarray(arrived_share(speed * (age - clicked), knots_days, knots_share).mean(axis=1))


def prepend_partial_day(curve: DelayCurve, ages: ArrayLike, knots_days: Floats, knots_share: Floats) -> DelayCurve:
    """Return a curve that also knows days in progress.

    Args:
        curve: Of whole days, its first age being 1.
        ages: Rising ages below 1 to put before it, shape (ages,).
        knots_days: Of the prior delay.
        knots_share: Of the prior delay.
    """
    before = np.asarray(ages, dtype=np.float64)
    at_end = np.clip(curve.share[:, :, 0].mean(axis=1), 1e-3, 1 - 1e-6)
    shares = np.stack([_share_before(before, end, knots_days, knots_share) for end in at_end])
    relative = shares / at_end[:, None]
    count = len(before)
    basis = np.maximum(curve.basis[:, :1], Basis.SHRUNK)
    # Squared on the logarithmic scale: the less of a day was seen, the less is known of the rest.
    doubt = curve.log_variance[:, :1] + (0.25 * np.log(relative)) ** 2
    return replace(
        curve,
        age_days=np.concatenate([before, curve.age_days]),
        share=np.concatenate([curve.share[:, :, :1] * relative[:, None, :], curve.share], axis=2),
        gross=np.concatenate([curve.gross[:, :1] + (at_end[:, None] - shares), curve.gross], axis=1),
        log_variance=np.concatenate([doubt, curve.log_variance], axis=1),
        credibility=np.concatenate([np.repeat(curve.credibility[:, :1], count, axis=1), curve.credibility], axis=1),
        basis=np.concatenate([np.repeat(basis, count, axis=1), curve.basis], axis=1),
    )


def _share_before(ages: Floats, at_end: float, knots_days: Floats, knots_share: Floats) -> Floats:
    def excess(log_speed: float) -> float:
        return float(cohort_share([1.0], knots_days, knots_share, np.exp(log_speed))[0]) - at_end

    low, high = np.log(_SLOWEST), np.log(_FASTEST)
    if excess(low) > 0 or excess(high) < 0:
        speed = _SLOWEST if excess(low) > 0 else _FASTEST
    else:
        speed = float(np.exp(brentq(excess, low, high)))
    return np.minimum(cohort_share(ages, knots_days, knots_share, speed), at_end)
