"""What spend brings, and where it brings most.

Histories of spend and outcome enter; curves of every item leave as draws, each draw one possible world: they saturate,
may be S-shaped, and go on working after the spend. With them, the split of a total that brings the most in expectation
within bounds, what it gains and how sure that is. It never calls a gain tried that rests on spend nobody tried, and
never returns a split without saying how far it can be from the best.
"""

from adtempo.stats.response.curves import ResponsePosterior
from adtempo.stats.response.optimum import Allocation, NextUnits, Range, allocate, where_next
from adtempo.stats.response.own import fit_own_responses
from adtempo.stats.response.shared import History, fit_responses

__all__ = [
    "Allocation",
    "History",
    "NextUnits",
    "Range",
    "ResponsePosterior",
    "allocate",
    "fit_own_responses",
    "fit_responses",
    "where_next",
]
