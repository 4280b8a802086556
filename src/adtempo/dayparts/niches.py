"""What a market's campaigns have in common: niches recognised by name, and what their hours are like.

Within one client's accounts knowledge flows freely. Across clients only an average leaves, of at least five accounts
none of which weighs more than a quarter, and never of a single other client's account beside one's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adtempo.dayparts.borrowing import HourPrior, scatter_within
from adtempo.dayparts.evidence import Roots
from adtempo.domain.accounts import AccountRef
from adtempo.stats.blocks import find_blocks

Floats = NDArray[np.float64]

NICHES = {
    "fitness": "fitness health healthy workout gym supplement supplements protein yoga",
    "e-commerce": "ecommerce shop store retail dropshipping product products fashion sale",
    "saas": "saas software subscription subscriptions b2b app crm demo trial",
    "local business": "local business restaurant restaurants service services salon dentist plumber",
    "education": "education course courses training coaching school academy learn tutor webinar",
    "entertainment": "entertainment game games gaming streaming stream content music movie movies creator",
}
"""The words by which a niche is recognised in a campaign's name."""

ACCOUNTS_MIN = 5
"""Accounts that must contribute before anything is shared across clients."""

WEIGHT_MAX = 0.25
"""The most that one account may weigh in what is shared across clients."""

_FOREIGN_MIN = 2  # the share of a single foreign account could be read off by taking one's own away
_ROUNDING = 1e-12
_WORDS = {word: niche for niche, words in NICHES.items() for word in words.split()}


def recognise_niche(name: str) -> str | None:
    """Return the niche whose words a campaign's name holds most of, the first in the table of several; None: none.

    >>> recognise_niche("US | Gym & workout | prospecting"), recognise_niche("Brand 2026")
    ('fitness', None)
    """
    words = re.findall(r"[a-z0-9]+", re.sub(r"e[-_ ]commerce", "ecommerce", name.lower()))
    found = [_WORDS[word] for word in words if word in _WORDS]
    return max(NICHES, key=found.count) if found else None


def learn_prior(
    hours: Roots, accounts: Sequence[AccountRef], clients: Sequence[str | None], account: AccountRef, client: str | None
) -> HourPrior | None:
    """Learn what to expect of the hours of one account's campaigns from the niche's other accounts.

    Args:
        hours: What the own facts of the niche's campaigns say (`Dayparts.own`), shape (campaigns, hours=24).
        clients: Whose accounts these are; accounts without a client belong together.
        account: Who asks; its own campaigns are left out, they are heard elsewhere.

    Returns:
        None where nobody may be heard, or nobody has anything to say.
    """
    owner = dict(zip(accounts, clients, strict=True))
    telling = {whose for whose, known in zip(accounts, hours.precision, strict=True) if known.any()}
    others = sorted(telling - {account})
    kin = [other for other in others if owner[other] == client]
    foreign = len(others) - len(kin)
    shared = foreign >= _FOREIGN_MIN and len(others) >= ACCOUNTS_MIN
    heard = others if shared else kin
    if not heard:
        return None
    number = {whose: place for place, whose in enumerate(heard)}
    rows = [whose in number for whose in accounts]
    own = hours.part(np.array(rows))
    place = np.array([number[whose] for whose in accounts if whose in number])
    scatter = float(scatter_within(own, np.zeros(len(place), np.intp))[0, 0])
    trust = own.precision / (1 + own.precision * scatter)
    member = (place == np.arange(len(heard))[:, None]).astype(np.float64)
    weight = member @ trust
    curve = np.divide(member @ (trust * own.value), weight, out=np.ones_like(weight), where=weight > 0)
    share = _capped(weight.sum(axis=1) / weight.sum(), WEIGHT_MAX if shared else 1.0)[:, None]
    error = np.divide(share**2, weight, out=np.zeros_like(weight), where=weight > 0).sum(axis=0)
    mean = (share * curve).sum(axis=0)
    known = np.divide(1.0, error, out=np.zeros_like(error), where=error > 0)
    # A niche without a pattern has nothing to lend.
    return (
        HourPrior(mean, scatter + error, len(heard)) if find_blocks(mean[None], known[None]).log_odds[0] > 0 else None
    )


def _capped(shares: Floats, most: float) -> Floats:
    """Take from the heaviest until none weighs more than allowed, and hand it on; more than 1 / most shares."""
    capped, heavy = shares, np.zeros(len(shares), np.bool_)
    while (capped > most + _ROUNDING).any():
        heavy = heavy | (capped > most)
        capped = np.where(heavy, most, shares * (1 - most * heavy.sum()) / shares[~heavy].sum())
    return capped
