"""Creatives: figures, rankings, fatigue and what to do about it."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import CurrenciesMixed, InvalidInput
from adtempo.domain.metrics import CLICKS, CPA, CTR, CVR, REACH, ROAS, SPEND, Metric
from adtempo.domain.panels import QUANTITIES, FactTable
from adtempo.tracking.creatives import (
    CREATIVE_KEYS,
    CreativeFatigue,
    Recommendation,
    estimate_creative_fatigue,
    estimate_creatives,
    estimate_top_creatives,
)

CAMPAIGN = CampaignRef("meta", "act_1", "c1")
CURRENCIES = {AccountRef("meta", "act_1"): "EUR", AccountRef("meta", "act_2"): "USD"}
DAYS = np.arange("2026-01-01", "2026-02-10", dtype="datetime64[D]")


def facts(rows: list[tuple[CampaignRef, str | None, int, dict[str, int]]]) -> FactTable:
    """Make a table of (campaign, creative, day of DAYS, quantities); what is not said was not measured."""
    columns = [
        [row[0].platform for row in rows],
        [row[0].account_id for row in rows],
        [row[0].campaign_id for row in rows],
        [row[1] for row in rows],
    ]
    keys = [np.array(column, dtype=object) for column in columns]
    keys.append(np.array([DAYS[row[2]] for row in rows], dtype="datetime64[D]"))
    return FactTable(
        keys=dict(zip(CREATIVE_KEYS, keys, strict=True)),
        sums={name: np.array([row[3].get(name, 0) for row in rows], dtype=np.int64) for name in QUANTITIES},
        measured={name: np.array([name in row[3] for row in rows], dtype=np.bool_) for name in QUANTITIES},
    )


def history(
    creative: str,
    clicks: np.ndarray,
    *,
    campaign: CampaignRef = CAMPAIGN,
    spend: int = 0,
    value: int = 0,
    cvr: float | np.ndarray = 0.05,
) -> list[tuple[CampaignRef, str | None, int, dict[str, int]]]:
    """One creative with 10,000 impressions a day; spend and value in micros per click."""
    bought = np.rint(clicks * cvr * 1e6).astype(int)
    return [
        (
            campaign,
            creative,
            day,
            {
                "impressions": 10_000,
                "clicks": int(count),
                "spend_micros": spend * int(count),
                "conversions_micros": int(bought[day]),
                "conversion_value_micros": value * int(count),
            },
        )
        for day, count in enumerate(clicks)
    ]


STEADY = np.full(40, 300) + np.tile([9, -6, 4, -11, 7], 8)
TIRING = np.rint(STEADY * np.exp2(-np.maximum(np.arange(40) - 29, 0) / 14)).astype(int)
GONE = np.rint(STEADY * np.exp2(-np.maximum(np.arange(40) - 19, 0) / 10)).astype(int)


def fatigue(*rows: list[tuple[CampaignRef, str | None, int, dict[str, int]]]) -> dict[str, CreativeFatigue]:
    table = facts([row for part in rows for row in part])
    found = estimate_creative_fatigue(table, CURRENCIES, {CAMPAIGN: 2.44})
    return {one.creative.creative.creative_id: one for one in found}


def test_figures_are_sums_over_the_days_with_facts() -> None:
    rows = [
        (CAMPAIGN, "b", 3, {"clicks": 4, "impressions": 90}),
        (CAMPAIGN, "a", 5, {"clicks": 7}),
        (CAMPAIGN, "b", 1, {"clicks": 2, "impressions": 10}),
        (CAMPAIGN, None, 1, {"clicks": 50}),
        (CAMPAIGN, "", 1, {"clicks": 50}),
    ]
    a, b = estimate_creatives(facts(rows), CURRENCIES)
    assert (a.creative.creative_id, a.currency, a.figures.clicks, a.figures.impressions) == ("a", "EUR", 7, None)
    assert (b.first_day, b.last_day, b.figures.clicks) == (date(2026, 1, 2), date(2026, 1, 4), 6)
    assert str(b.creative) == "meta:act_1:c1:b"


def test_without_facts_there_is_nothing_to_say() -> None:
    nothing = facts([])
    assert estimate_creatives(nothing, CURRENCIES) == ()
    assert estimate_top_creatives(nothing, CURRENCIES, CTR, impressions_min=0, top=3) == ()
    assert estimate_creative_fatigue(nothing, CURRENCIES, {}) == ()


def test_one_lucky_click_is_no_winner_and_the_best_come_first() -> None:
    lucky = [(CAMPAIGN, "lucky", 0, {"impressions": 3, "clicks": 1})]
    rows = lucky + history("good", STEADY) + history("better", STEADY + 60)
    found = estimate_top_creatives(facts(rows), CURRENCIES, CTR, impressions_min=0, top=2)
    assert [one.creative.creative.creative_id for one in found] == ["better", "lucky"]
    assert found[1].raw == pytest.approx(100 / 3)
    assert found[1].expected == pytest.approx(3.3, abs=0.1)  # nothing is known of it, so it is what its campaign is
    assert all(one.low95 <= one.expected <= one.high95 for one in found)
    assert found[0].raw == pytest.approx((STEADY + 60).sum() / 4000)


def test_creatives_shown_too_seldom_or_never_measured_are_not_ranked() -> None:
    rows = [
        *history("a", STEADY),
        (CAMPAIGN, "b", 0, {"impressions": 500, "clicks": 100}),
        (CAMPAIGN, "c", 0, {"impressions": 9000}),
    ]
    found = estimate_top_creatives(facts(rows), CURRENCIES, CTR, impressions_min=1000, top=9)
    assert [one.creative.creative.creative_id for one in found] == ["a"]


def test_where_less_is_better_the_least_comes_first_and_sums_are_what_they_are() -> None:
    rows = history("dear", STEADY, spend=2_000_000, cvr=0.02) + history("cheap", STEADY, spend=1_000_000, cvr=0.05)
    found = estimate_top_creatives(facts(rows), CURRENCIES, CPA, impressions_min=0, top=2)
    assert [one.creative.creative.creative_id for one in found] == ["cheap", "dear"]
    clicks = estimate_top_creatives(facts(rows), CURRENCIES, CLICKS, impressions_min=0, top=1)[0]
    assert clicks.raw == clicks.expected == clicks.low95 == STEADY.sum()
    assert estimate_top_creatives(facts(rows), CURRENCIES, CVR, impressions_min=0, top=1)[0].expected == pytest.approx(
        5, rel=0.02
    )


def test_a_young_creative_is_judged_by_what_its_days_will_come_to() -> None:
    rows = history("old", STEADY, spend=1_000_000, value=3_000_000)
    young = history("young", STEADY, spend=1_000_000, value=1_500_000)
    day = facts(rows).keys["day_local"].tolist()
    half = {CAMPAIGN.account: dict.fromkeys(day, 0.5)}

    def ranked(arrived: dict[AccountRef, dict[date, float]], metric: Metric = ROAS) -> list[tuple[str, float, float]]:
        found = estimate_top_creatives(
            facts(rows + young), CURRENCIES, metric, impressions_min=0, top=2, arrived=arrived
        )
        return [(one.creative.creative.creative_id, one.raw, round(one.expected, 2)) for one in found]

    assert ranked({}) == [("old", 3.0, 3.0), ("young", 1.5, 1.5)]
    assert ranked(half) == [("old", 3.0, 6.0), ("young", 1.5, 3.0)]
    assert ranked(half, CTR) == ranked({}, CTR)


def test_amounts_of_several_currencies_are_not_ranked_but_ratios_are() -> None:
    other = CampaignRef("meta", "act_2", "c9")
    rows = history("a", STEADY, spend=1_000_000, value=3_000_000)
    rows += history("b", STEADY, campaign=other, spend=1_000_000, value=2_000_000)
    with pytest.raises(CurrenciesMixed):
        estimate_top_creatives(facts(rows), CURRENCIES, SPEND, impressions_min=0, top=2)
    assert [one.raw for one in estimate_top_creatives(facts(rows), CURRENCIES, ROAS, impressions_min=0, top=2)] == [
        3,
        2,
    ]


@pytest.mark.parametrize(("metric", "top", "least"), [(REACH, 3, 0), (CTR, 0, 0), (CTR, 3, -1)])
def test_questions_without_an_answer_are_refused(metric: object, top: int, least: int) -> None:
    with pytest.raises(InvalidInput):
        estimate_top_creatives(facts([]), CURRENCIES, metric, impressions_min=least, top=top)  # type: ignore[arg-type]


def test_facts_grouped_otherwise_are_refused() -> None:
    table = facts([])
    other = replace(table, keys={"campaign_id": table.keys["campaign_id"]})
    with pytest.raises(InvalidInput, match="creative_id"):
        estimate_creatives(other, CURRENCIES)


def test_a_tired_creative_gives_way_where_others_hold() -> None:
    found = fatigue(history("tired", TIRING, spend=500_000), history("fresh", STEADY, spend=500_000))
    tired, fresh = found["tired"], found["fresh"]
    assert list(found) == ["tired", "fresh"]
    assert (tired.fatigued, tired.recommendation) == (True, Recommendation.ROTATE)
    assert tired.fatigue_score > 0.5
    assert "others hold" not in fresh.reason
    assert "2.4 times" in tired.reason
    assert tired.ctr.fall == pytest.approx(0.36, abs=0.08)
    assert tired.ctr.healthy == pytest.approx(3, rel=0.05)
    assert tired.clicks_lost_daily == pytest.approx(108, abs=25)
    assert tired.loss_basis == "cpc"
    assert tired.loss_daily_micros == pytest.approx(tired.clicks_lost_daily * 500_000, abs=1)
    assert (fresh.fatigued, fresh.recommendation) == (False, Recommendation.KEEP)


def test_more_than_half_gone_is_stopped() -> None:
    found = fatigue(history("gone", GONE), history("fresh", STEADY))
    assert (found["gone"].recommendation, found["gone"].loss_basis) == (Recommendation.STOP, "none")


def test_where_nothing_holds_new_creatives_are_needed() -> None:
    alone = fatigue(history("tired", TIRING))["tired"]
    assert (alone.recommendation, alone.siblings_fall) == (Recommendation.REFRESH, None)
    both = fatigue(history("one", GONE), history("two", GONE))
    assert {one.recommendation for one in both.values()} == {Recommendation.REFRESH}
    assert "fell as well" in both["one"].reason


def test_a_fall_in_what_clickers_buy_is_said_but_is_no_fatigue() -> None:
    cvr = 0.05 * np.exp2(-np.maximum(np.arange(40) - 12, 0) / 10)
    found = fatigue(history("leaky", STEADY * 10, cvr=cvr), history("fresh", STEADY * 10))
    leaky = found["leaky"]
    assert (leaky.fatigued, leaky.cvr.flagged, leaky.recommendation) == (False, True, Recommendation.KEEP)
    assert "landing page" in leaky.reason
    assert "buy less, too" in fatigue(history("bad", TIRING * 10, cvr=cvr), history("fresh", STEADY * 10))["bad"].reason


def test_a_suspicion_and_too_little_data_are_kept_with_their_reasons() -> None:
    slightly = np.rint(STEADY * np.exp2(-np.maximum(np.arange(40) - 34.6, 0) / 17)).astype(int)
    found = fatigue(history("maybe", slightly), history("new", STEADY[:2], campaign=CampaignRef("meta", "act_1", "c2")))
    assert "may be falling" in found["maybe"].reason
    assert (found["new"].ctr.fall, found["new"].reason) == (None, "Too little was shown to say anything.")
    assert found["new"].loss_daily_micros == 0


def test_scaling_money_scales_the_loss_and_nothing_else() -> None:
    one = fatigue(history("tired", TIRING, spend=400_000, value=900_000), history("fresh", STEADY))["tired"]
    ten = fatigue(history("tired", TIRING, spend=4_000_000, value=9_000_000), history("fresh", STEADY))["tired"]
    assert one.loss_basis == "value"
    assert ten.loss_daily_micros == pytest.approx(10 * one.loss_daily_micros, abs=10)
    assert ten.fatigue_score == one.fatigue_score


def test_later_days_change_no_earlier_answer() -> None:
    """An answer as of a day is a function of the days before it, also of those of siblings and of the account."""
    rows = history("tired", TIRING) + history("fresh", STEADY)
    until_then = [row for row in rows if row[2] < 33]
    otherwise = until_then + [(*row[:3], {"impressions": 10_000, "clicks": 1}) for row in rows if row[2] >= 33]
    early = estimate_creative_fatigue(facts(until_then), CURRENCIES, {})
    again = estimate_creative_fatigue(facts([row for row in otherwise if row[2] < 33]), CURRENCIES, {})
    assert early == again
    assert estimate_creative_fatigue(facts(otherwise), CURRENCIES, {}) != early
