"""ROI with conversions, and reach with CTR, over time: what was, what it comes to, what comes, what was said of it."""

from __future__ import annotations

from adtempo.charts.fan import Panel, draw_panels
from adtempo.charts.grammar import Document
from adtempo.domain.forecasts import ReachSeries, RoiSeries


def draw_roi_timeseries(series: RoiSeries) -> Document:
    """Draw ROI per day over conversions per day."""
    roi = Panel("roi", f"ROI, {series.subject.currency}", series.roi, ".0%", "{:.1%}".format, level=0.0)
    conversions = Panel("conversions", "Conversions a day", series.conversions, "~s", "{:,.1f}".format)
    return draw_panels(roi, conversions, series.note)


def draw_reach_ctr(series: ReachSeries) -> Document:
    """Draw reach, or impressions, per day over CTR."""
    audience = Panel("audience", f"{series.measure.capitalize()} a day", series.audience, "~s", "{:,.0f}".format)
    ctr = Panel("ctr", "CTR, %", series.ctr, ".2~f", "{:.2f}%".format)
    return draw_panels(audience, ctr, series.note)
