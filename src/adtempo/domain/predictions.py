"""A claim about the future, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from adtempo.domain.accounts import AccountRef, CampaignRef, Platform
from adtempo.domain.errors import InvalidInput
from adtempo.domain.metrics import REACH, find_metric

ENDS = ("low95", "low80", "high80", "high95")
"""The ends of the intervals, in their order."""

LARGEST = 1e18
"""No predicted number is this large: it would not fit the integers that facts are counted in."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """What a prediction is about: a campaign, a whole account, a platform, a channel in one currency, or a page.

    Attributes:
        platform: Where it runs; `other` for a creator's page, and for a channel that is no platform.
        account_id: None for the whole platform.
        campaign_id: None for the whole account or platform.
        page_name: The creator's page, if one is meant.
        channel: All campaigns that are counted under it (`campaigns.channel_of`), if a channel is meant; empty: under
            any.
        currency: ISO 4217; of a channel, those of its campaigns whose accounts have it.
    """

    platform: str
    account_id: str | None = None
    campaign_id: str | None = None
    page_name: str | None = None
    channel: str | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        if self.platform not in set(Platform):
            raise InvalidInput(f"there is no platform {self.platform!r}; choose one of {', '.join(Platform)}")
        if self.campaign_id is not None and self.account_id is None:
            raise InvalidInput(f"campaign {self.campaign_id} needs its account; write platform:account:campaign")
        if self.page_name is not None and (self.platform != Platform.OTHER or self.account_id is not None):
            raise InvalidInput(f"page {self.page_name} belongs to no ad account")
        if (self.channel is None) != (self.currency is None) or (self.channel is not None and self.account_id):
            raise InvalidInput(f"a channel is meant as a whole, in one currency; not {self.channel} {self.currency}")

    @property
    def account(self) -> AccountRef | None:
        """The account, unless a whole channel is meant."""
        return None if self.account_id is None else AccountRef(self.platform, self.account_id)

    @property
    def campaign(self) -> CampaignRef | None:
        """The campaign, if one is meant."""
        if self.account_id is None or self.campaign_id is None:
            return None
        return CampaignRef(self.platform, self.account_id, self.campaign_id)

    def __str__(self) -> str:
        if self.page_name is not None:
            return f"page:{self.page_name}"
        if self.channel is not None:
            return f"channel:{self.channel or 'all'}:{self.currency}"
        return ":".join(part for part in (self.platform, self.account_id, self.campaign_id) if part is not None)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One number that somebody expects, said before it was known.

    Numbers are in the metric's unit (`domain.metrics`): amounts in micros, CTR and CVR in percent.

    Attributes:
        prediction_id: Given by whoever predicts; the same id is the same prediction.
        scope: What it is about.
        metric: Name of a row of METRICS.
        since: First local day of the window, inclusive.
        until: Last local day of the window, inclusive.
        value: What is expected.
        model: Who says so: a forecaster of ours, or any name of an outside model.
        made_at: When it was made, aware.
        interval: Those of ENDS that are stated; an interval has both of its ends.
    """

    prediction_id: str
    scope: Scope
    metric: str
    since: date
    until: date
    value: float
    model: str
    made_at: datetime
    interval: Mapping[str, float]

    def __post_init__(self) -> None:
        if find_metric(self.metric) is REACH or self.metric == "frequency":
            raise InvalidInput(f"{self.metric} cannot be added up over days, so no actual value would ever come")
        if not self.prediction_id or not self.model:
            raise InvalidInput("a prediction needs an id and the name of its model")
        if self.until < self.since:
            raise InvalidInput(f"the window ends on {self.until}, before it begins on {self.since}; swap them")
        if not all(abs(number) < LARGEST for number in (self.value, *self.interval.values())):
            raise InvalidInput("a predicted value must be a finite number, and one that an advertiser could meet")
        _check_interval(self.interval)


def _check_interval(interval: Mapping[str, float]) -> None:
    for level in (80, 95):
        if (f"low{level}" in interval) != (f"high{level}" in interval):
            raise InvalidInput(f"an interval has two ends: state both low{level} and high{level}, or neither")
    stated = [interval[name] for name in ENDS if name in interval]
    if stated != sorted(stated):
        raise InvalidInput("the ends of the intervals must rise: low95, low80, high80, high95")


@dataclass(frozen=True, slots=True)
class Actual:
    """What a window came to, once it will not change any more.

    Attributes:
        value: In the metric's unit; None where the window has no value, such as ROAS without spend.
        maturity: Share of it that had arrived, 0 to 1.
        as_of: What was known at this moment, aware.
        batch: The ledger's newest batch then.
    """

    value: float | None
    maturity: float
    as_of: datetime
    batch: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """One prediction held against what came true.

    Attributes:
        actual: What came true.
        error: Predicted - actual, in the metric's unit; None where there is no actual value, as all below.
        relative_error: error / |actual|; None also where the actual value is 0.
        inside80: Whether the actual value lies in the 80% interval; None without one.
        inside95: Whether it lies in the 95% interval; None without one.
        accuracy: 0 to 100.
    """

    actual: Actual
    error: float | None
    relative_error: float | None
    inside80: bool | None
    inside95: bool | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class RecordedPrediction:
    """A prediction as the ledger of predictions keeps it.

    Attributes:
        prediction: What was claimed.
        recorded_at: When we got it, aware.
        actor: Who brought it.
        horizon_days: Local days from the one on which it was made to the last of its window.
        late: Whether we got it only when its window was over: that it was made before is then its author's word.
        compared_at: When it was held against the truth; None until then.
        comparison: How it did; None until then.
    """

    prediction: Prediction
    recorded_at: datetime
    actor: str
    horizon_days: int
    late: bool
    compared_at: datetime | None = None
    comparison: Comparison | None = None
