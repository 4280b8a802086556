"""The operational database: SQLite or PostgreSQL, one file of tables and queries per noun.

Values and frozen dataclasses enter and leave; SQLAlchemy stays inside. Functions that take a `connection` belong to the
caller's transaction; functions that take an `engine` are a transaction of their own. Whatever protects money or a lock
is a constraint of the schema, not only a line of code. Nothing here decides, knows the wall clock, or reads a setting:
`now` is an argument. Facts are not here: they live in the ledger's files, which these tables only list.
"""
