"""Budgets: scale winners, cut losers, never a disaster.

Rules and matured figures enter, column by column over all campaigns of an hour; an evaluation of every campaign leaves,
and where a rule asks for a change, a proposal. `estimate` says which conditions hold and how surely, `decide` what
follows, `check` what a set of rules can do at worst; all three are pure. `run` alone reads and writes. Nothing here can
spend: a proposal goes to `changes`, which guards, asks, and sends.
"""
