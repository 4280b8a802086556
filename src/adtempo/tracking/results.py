"""Named conversion types: what each came to, and what one of it cost."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from adtempo.domain.accounts import CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.domain.metrics import blend, cost_per_result
from adtempo.domain.panels import Quantities
from adtempo.facts.load import FactQuery, load_fact_table
from adtempo.store.engine import reading
from adtempo.store.ledger import load_shapes
from adtempo.tracking.estimate import Result

if TYPE_CHECKING:
    from adtempo.workspace import Workspace


def load_results(
    workspace: Workspace, campaign: CampaignRef, main: Quantities, days: tuple[date, date], as_of: datetime
) -> tuple[Result, ...]:
    """Return every named conversion type that a campaign's account knows, in the order of their names.

    Args:
        main: Its main figures on these days, which carry the spend.
        days: First and last local day, inclusive.
        as_of: What was known at this moment.
    """
    found = []
    for kind in _load_types(workspace, campaign):
        query = FactQuery(
            by=("campaign_id",), since=days[0], until=days[1], campaigns=[campaign], as_of=as_of, conversion_type=kind
        )
        parts = [("", figures) for _, figures in load_fact_table(workspace.ledger, query).rows()]
        figures = blend(parts)[1] if parts else Quantities()
        found.append(Result(kind, figures, cost_per_result(main, figures)))
    return tuple(found)


def choose_result(results: tuple[Result, ...], conversion_type: str, campaign: CampaignRef) -> Result:
    """Return the result of one type.

    Raises:
        NotFound: The campaign's account knows no such type.
    """
    for result in results:
        if result.conversion_type == conversion_type:
            return result
    known = ", ".join(result.conversion_type for result in results) or "none was ever reported"
    raise NotFound(f"campaign {campaign} has no conversion type {conversion_type!r}; known: {known}")


def _load_types(workspace: Workspace, campaign: CampaignRef) -> list[str]:
    with reading(workspace.engine) as connection:
        shapes = load_shapes(connection)
    account = (campaign.platform, campaign.account_id)
    return sorted({kind for *of, _level, _grain, _setting, kind in shapes if tuple(of) == account and kind})
