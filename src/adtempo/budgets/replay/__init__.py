"""Replay: what rules would have done, hour by hour, and what that would have come to.

The ledger as it looked at each hour enters, with rules; the changes that they would have made leave, with what these
would have spent and brought, how sure that is, and the same for doing nothing. Rules, limits and guardrails are the
ones that run live; only the world is another: where a budget differs from what it really was, what came of it is taken
from how this campaign's results have followed its spend. Nothing is stored, nothing proposed, nothing sent.
"""
