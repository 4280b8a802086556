"""The source of record, kept up look by look: what `queries/facts.sql` chooses, in arrays.

Per quantity and slot: campaign rows before ad groups before ads; the row of a day that was over when it was looked at;
else what was looked at last, a day's row before its hours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.panels import QUANTITIES
from adtempo.facts.arrivals import Kind
from adtempo.facts.windows import Figures

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_LEVELS = {"campaign": 0, "ad_group": 1, "ad": 2}
_NOWHERE = np.iinfo(np.int64).max
_LATEST = 1 << 52
_KINDS_MAX = 16


class Record:
    """Figures of the best kind of rows for each campaign and slot; a slot's campaigns lie side by side, as is read."""

    def __init__(self, kinds: Sequence[Kind], shape: tuple[int, int], ends_us: Ints | None = None) -> None:
        """Start with nothing known.

        Args:
            kinds: Level, grain and attribution of every kind of rows, sorted by the last two.
            shape: How many campaigns and slots.
            ends_us: When slots are over, the shape; None where no slot's row is better once it is.
        """
        assert len(kinds) <= _KINDS_MAX, "an account reports under a handful of settings"
        self._levels = [_LEVELS[level] for level, _, _ in kinds]
        self._daily = [grain == "day" and ends_us is not None for _, grain, _ in kinds]
        self._ends_us = ends_us
        self._rows, self.slots = shape
        count, several, turned = max(len(kinds), 1), len(kinds) > 1, shape[::-1]
        self._own = Figures.none(count, *turned)
        self._seen_us = np.zeros((count, *turned), np.int64)
        self._best = Figures.none(*turned) if several else Figures(self._own.sums[:, 0], self._own.known[:, 0])

    def post(self, row: Ints, slot: Ints, kind: Ints, added: Figures, seen_us: Ints) -> None:
        """Add differences; all arrays of shape (postings,).

        Args:
            row: Place of the campaign.
            slot: Place of the slot.
            kind: Place of the kind.
            added: By how much, and whether it was measured.
            seen_us: When the slot was looked at, microseconds since 1970 UTC; 0 where it was not.
        """
        where = (kind * self.slots + slot) * self._rows + row
        each = np.arange(len(QUANTITIES))[:, None] * self._seen_us.size + where
        np.add.at(self._own.sums.reshape(-1), each.reshape(-1), added.sums.reshape(-1))
        self._own.known.reshape(-1)[each[added.known]] = True
        if len(self._levels) < 2:
            return
        np.maximum.at(self._seen_us.reshape(-1), where, seen_us)
        cells = np.unique(slot * self._rows + row)
        slot, row = cells // self._rows, cells % self._rows
        ranks = np.stack([self._rank(place, row, slot) for place in range(len(self._levels))])
        there = self._own.known[:, :, slot, row]
        best = np.where(there, ranks, _NOWHERE).argmin(axis=1)[:, None]
        self._best.sums[:, slot, row] = np.take_along_axis(self._own.sums[:, :, slot, row], best, axis=1)[:, 0]
        self._best.known[:, slot, row] = there.any(axis=1)

    def figures(self, first: int, end: int) -> Figures:
        """Return the figures of some slots, of shape (quantities, campaigns, slots)."""
        sums, known = self._best.sums[:, first:end], self._best.known[:, first:end]
        return Figures(sums.swapaxes(1, 2), known.swapaxes(1, 2))

    def _rank(self, kind: int, row: Ints, slot: Ints) -> Ints:
        """Return a number that is lower the better a kind is, shape (cells,)."""
        seen = self._seen_us[kind, slot, row]
        unfinished = np.ones(len(row), np.int64)
        if self._daily[kind]:
            assert self._ends_us is not None, "days end"
            unfinished = (seen < self._ends_us[row, slot]).astype(np.int64)
        order = self._levels[kind] * 2 + unfinished
        return np.asarray((order * _LATEST + (_LATEST - 1 - seen)) * _KINDS_MAX + kind)
