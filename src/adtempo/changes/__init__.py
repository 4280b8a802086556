"""The one road to money: from a proposal to an outcome that is known, explained and reversible.

What enters: `Proposal`s of the capabilities, decisions of people (approve, reject, revert, halt), and the platforms'
answers. What leaves: rows of `scaling_actions`, audit rows in the same transaction, and at most one absolute call per
change, made by `apply.py`, the only file that may open a writer. Guardrails and limits are pure, get a `Situation`, and
can only make things stricter. What must never happen here: a call that was not written down before, a second call, a
call against a halt, a cap or an approval of something else, and an outcome that is guessed.
"""
