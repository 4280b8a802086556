"""The kinds of files that can be imported.

A format is a table of column names and a few rules, one file each; `FORMATS` lists them. What enters is knowledge of
how a platform's users download their reports; what leaves is only data: nothing here opens a file. To add a format,
write its file and put it into the tuple; every other file is imported with a mapping (see `facts/staging`).
"""

from adtempo.facts.formats.base import Format, ImportOptions, QualityVerdict, RowCheck, StagedFile
from adtempo.facts.formats.canonical import CANONICAL
from adtempo.facts.formats.display_daily import DISPLAY_DAILY
from adtempo.facts.formats.google_ads import GOOGLE_ADS
from adtempo.facts.formats.meta_ads_manager import META_ADS_MANAGER
from adtempo.facts.formats.tiktok_ads import TIKTOK_ADS

FORMATS = (CANONICAL, DISPLAY_DAILY, META_ADS_MANAGER, GOOGLE_ADS, TIKTOK_ADS)
"""Every file format, in the order in which a header is compared with them."""

__all__ = ["FORMATS", "Format", "ImportOptions", "QualityVerdict", "RowCheck", "StagedFile"]
