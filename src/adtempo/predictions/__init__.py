"""The ledger of predictions: what was claimed about the future, by us or by any outside model, and how right it was.

Predictions enter, each with an id and made before its window was over; comparisons leave, each made once, when the
window's facts are mature. `record` and `compare` read and write, `score` is mathematics alone, `actuals` asks the
ledger of facts what came true. It is append-only: no prediction is ever changed, forgotten, or compared a second time,
and none is compared with a number that may still grow.
"""
