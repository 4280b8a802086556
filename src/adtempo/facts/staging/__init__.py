"""From any file to typed, valid rows: what all import formats share.

A file enters as the user has it (`source` finds encoding, separator and header); `plan` says which SQL makes each
canonical cell of it; `stage` types the cells in one pass of DuckDB; `times` turns the few distinct local times into
UTC with Python's own time zones; `checks` names every bad row by its line. Out come the relations `incoming` and
`incoming_attributes`. Nothing here writes to the ledger, and no number or id is ever changed on the way: what cannot
be read exactly is a problem.
"""

from adtempo.facts.staging.read import read_facts_file
from adtempo.facts.staging.records import StagedRecords, read_conversions_file, read_rates_file

__all__ = ["StagedRecords", "read_conversions_file", "read_facts_file", "read_rates_file"]
