"""The history of the schema, one file per step in `versions/`, run by `store.schema`.

To make the next step: change the tables in their noun's file, then

    python -m adtempo.store.migrations.draft "add forecasts"

which upgrades a scratch SQLite database, compares it with the tables and writes `versions/NNNN_add_forecasts.py`. Read
it, add what a comparison cannot see (moving rows, a changed CHECK), and let the migration tests run it up and down on
both databases. A released step is never edited. The number in front of the file name is the revision: that is how an
open database is known to be current without loading Alembic.
"""
