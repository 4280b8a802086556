"""The sandbox market: a simulated ad platform whose truth is known.

What enters: a `WorldSpec` (accounts, campaigns, a seed) and the budget edits made through its writer. What leaves:
facts as a platform would show them at any moment, a change history, creators' messages, and the truth behind them.
It is a pure function of (spec, edits, moment): nothing here draws from a clock or an unseeded generator, an edit
changes nothing that happened before it, and no campaign's numbers depend on another's.
It must never be shown as anything but a simulation.
"""
