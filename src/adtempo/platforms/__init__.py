"""Connectors: where facts come from and where changes go.

What enters: a platform's answers, through a reader. What leaves: `Observation`s in one schema, and absolute changes
through a writer, each one call, never repeated. `base` says what a connector gives and takes, `readers` and `writers`
list the connectors, each connector is a folder. A reader never writes; only `changes.apply` may hold a writer.
"""
