"""When the money works: which hours and days of the week are better, by how much, and how sure that is.

In come the hours of many campaigns on their local calendars, one metric at a time (`panel.py`). `estimate.py` says what
is true of every cell of the week, with an interval and a q-value (`findings.py`); `decide.py` says what to do about it;
`run.py` alone reads the ledger and is the class people know (`DayPartOptimizer`). Most tables of hours are noise: where
the data cannot tell, the answer is that there is no usable pattern, and what it would take to see one. A young campaign
borrows from its account and its niche, across clients only what no single one can be read from. It spends nothing.
"""
