"""What happened: metrics of campaigns, the daily report, exports.

In come grouped facts of any moment ("as known at T") and what the campaigns are called; out go dataclasses that the
terminal, the API and the pages all render. `estimate.py` is pure and says what is true, `report.py` says it in words,
`run.py` alone reads the ledger and is the class people know (`CampaignTracker`). Figures of different currencies are
never added, a ratio is always a ratio of sums, and a young day is compared with other days as they looked at the same
age. It changes nothing anywhere.
"""
