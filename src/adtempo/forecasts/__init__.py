"""What comes next, and where money should go: four predictions, kept with their history and scored.

In come matured facts by campaign and local day (`load.py`). `estimate.py` forecasts channels, shares them out over
their campaigns and adds them up, so that every level agrees; `decide.py` shares out a day's money by response curves;
`run.py` alone reads and writes and is the class people know (`Forecaster`). What leaves are four tables with history,
claims in the ledger of predictions, and answers. It publishes; it never proposes a change and never spends.
"""
