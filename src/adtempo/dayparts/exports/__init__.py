"""The forms in which a schedule can be taken to where it runs.

A schedule's hours enter; a file leaves, and what the form could not hold is known: `fit` says what the platform will
run instead, so that the loss can be priced. Every file can be read back. To add a form: a file here and one line in
EXPORTS. Nothing here talks to a platform.
"""

from adtempo.dayparts.exports.base import Export, Grid, Sheet, by_hour
from adtempo.dayparts.exports.calendar import ICS
from adtempo.dayparts.exports.google import GOOGLE
from adtempo.dayparts.exports.meta import META
from adtempo.dayparts.exports.table import CSV
from adtempo.dayparts.exports.tiktok import TIKTOK
from adtempo.domain.errors import NotFound

EXPORTS = (GOOGLE, META, TIKTOK, CSV, ICS)
"""Every form, in the order in which pages offer them."""

__all__ = ["EXPORTS", "Export", "Grid", "Sheet", "by_hour", "find_export"]


def find_export(name: str) -> Export:
    """Return the form of a name.

    Raises:
        NotFound: There is none; the message lists those there are.
    """
    for export in EXPORTS:
        if export.name == name:
            return export
    raise NotFound(f"there is no export {name!r}; choose one of {', '.join(known.name for known in EXPORTS)}")
