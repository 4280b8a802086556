"""The facts room: what platforms reported, kept as a ledger of differences.

Files and readers bring absolute values; `ingest` compares them with what the ledger knows and posts the difference;
`publish` makes a batch count in one transaction; `load` answers with arrays, as of any moment. Nothing is ever updated
or deleted: a correction is one more posting, an undo too. This room knows SQL and Parquet; nothing above it does. It
must never decide anything, and never write outside its own folder and tables.
"""
