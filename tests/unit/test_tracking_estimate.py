from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.errors import NotFound
from adtempo.domain.panels import QUANTITIES, FactTable, Quantities
from adtempo.tracking.estimate import (
    TOP,
    Comparison,
    DailyReport,
    Expectations,
    Figures,
    Freshness,
    Profile,
    Surroundings,
    estimate_change,
    estimate_daily_report,
    estimate_figures,
    estimate_metrics,
)
from adtempo.tracking.expected import NOTHING, ExpectedFigure, ExpectedFigures
from adtempo.tracking.pacing import BudgetPace, estimate_pacing

DAY = date(2026, 11, 3)
AS_OF = datetime(2026, 11, 4, 6, tzinfo=UTC)
MICROS = 1_000_000


def campaign(name: str, account: str = "a1", platform: str = "meta") -> CampaignRef:
    return CampaignRef(platform, account, name)


def did(spend: int, value: int = 0, conversions: int = 0) -> Quantities:
    return Quantities(
        impressions=1000,
        clicks=10,
        spend_micros=spend * MICROS,
        conversions_micros=conversions * MICROS,
        conversion_value_micros=value * MICROS,
    )


def report_of(
    figures: Figures,
    before: Figures | None = None,
    currencies: dict[str, str] | None = None,
    targets: dict[str, float] | None = None,
    expected: dict[CampaignRef, ExpectedFigures] | None = None,
) -> DailyReport:
    before = before or {}
    profiles = {
        ref: Profile(
            ref, (currencies or {}).get(ref.account_id, "EUR"), target_roas=(targets or {}).get(ref.campaign_id)
        )
        for ref in {*figures, *before}
    }
    return estimate_daily_report(
        DAY,
        AS_OF,
        figures,
        profiles,
        Comparison(DAY - timedelta(days=1), True, before),
        Comparison(DAY - timedelta(days=7), False, {}),
        (),
        Surroundings(expected=Expectations(campaigns=expected or {})),
    )


def arriving(roas: float) -> ExpectedFigures:
    figure = ExpectedFigure(roas, roas - 0.2, roas + 0.2, roas - 0.4, roas + 0.4)
    return ExpectedFigures(NOTHING, NOTHING, figure, NOTHING, 0.5, "own")


def test_figures_are_keyed_by_campaign() -> None:
    table = FactTable(
        keys={
            "platform": np.array(["meta"], object),
            "account_id": np.array(["a1"], object),
            "campaign_id": np.array(["c1"], object),
        },
        sums={name: np.array([5]) for name in QUANTITIES},
        measured={name: np.array([name == "clicks"]) for name in QUANTITIES},
    )
    assert estimate_figures(table) == {campaign("c1"): Quantities(clicks=5)}


def test_totals_are_sums_per_currency_and_never_meet() -> None:
    figures = {
        campaign("c1"): did(10, 30),
        campaign("c2"): did(20, 20),
        campaign("c3", "a2", "google"): did(1000, 5000),
    }
    report = report_of(figures, currencies={"a2": "JPY"})
    assert [(total.label, total.campaigns, total.figures.spend_micros) for total in report.totals] == [
        ("EUR", 2, 30 * MICROS),
        ("JPY", 1, 1000 * MICROS),
    ]
    assert [(total.label, total.currency) for total in report.platforms] == [("google", "JPY"), ("meta", "EUR")]
    assert [total.label for total in report.accounts] == ["google:a2", "meta:a1"]


def test_a_platform_with_two_currencies_has_two_totals() -> None:
    report = report_of({campaign("c1"): did(1), campaign("c2", "a2"): did(2)}, currencies={"a2": "USD"})
    assert [(total.label, total.currency) for total in report.platforms] == [("meta", "EUR"), ("meta", "USD")]


def test_the_day_before_counts_campaigns_that_stopped() -> None:
    report = report_of({campaign("c1"): did(10)}, before={campaign("c1"): did(8), campaign("gone"): did(5)})
    (total,) = report.totals
    assert total.day_before is not None
    assert total.day_before.spend_micros == 13 * MICROS
    assert total.week_before is None
    assert total.campaigns == 1


def test_top_campaigns_are_few_per_currency_and_led_by_value() -> None:
    figures = {campaign(f"c{number}"): did(1, value=number) for number in range(TOP + 3)}
    figures[campaign("yen", "a2")] = did(1, value=1)
    report = report_of(figures, currencies={"a2": "JPY"})
    assert [line.profile.ref.campaign_id for line in report.top_campaigns] == ["c7", "c6", "c5", "c4", "c3", "yen"]


def test_movers_rank_by_absolute_change_and_need_a_day_before() -> None:
    figures = {campaign("up"): did(1, 50), campaign("down"): did(1, 10), campaign("same"): did(1, 20)}
    before = {campaign("up"): did(1, 30), campaign("down"): did(1, 70), campaign("same"): did(1, 20)}
    assert [line.profile.ref.campaign_id for line in report_of(figures, before).movers] == ["down", "up"]
    assert report_of(figures).movers == ()


def test_an_account_that_fell_silent_needs_a_person() -> None:
    report = report_of({campaign("c1"): did(1)}, before={campaign("c1"): did(1), campaign("c9", "a9"): did(1)})
    assert report.attention == ("meta:a9: no facts for this day, although there are some for the day before",)


@pytest.mark.parametrize(("spent", "named"), [(60, True), (40, False)])
def test_spend_without_conversions_needs_a_person_once_chance_cannot_explain_it(spent: int, named: bool) -> None:
    # The account pays about 10 a conversion, so 60 would have bought nearly 6 and 40 only 4.
    figures = {campaign("good"): did(1000, conversions=100), campaign("none"): did(spent)}
    assert bool(report_of(figures).attention) is named
    if named:
        assert report_of(figures).attention[0].startswith("none: 60.00 EUR spent without a conversion")


def test_conversions_nobody_measured_are_not_missing_conversions() -> None:
    figures = {campaign("good"): did(1000, conversions=100), campaign("unmeasured"): Quantities(spend_micros=10**12)}
    assert report_of(figures).attention == ()


def test_below_target_means_its_own_target_and_the_largest_shortfall_leads() -> None:
    figures = {campaign("small"): did(10, 10), campaign("large"): did(90, 90), campaign("fine"): did(99, 198)}
    expected = {campaign("small"): arriving(1.5), campaign("large"): arriving(1.5), campaign("fine"): arriving(3.0)}
    report = report_of(figures, targets={"small": 2.0, "large": 2.0, "fine": 2.0}, expected=expected)
    assert list(report.attention) == [
        "large: its ROAS of the day will come to 1.50 (90% sure: at most 1.70), below its target 2.00",
        "small: its ROAS of the day will come to 1.50 (90% sure: at most 1.70), below its target 2.00",
    ]


def test_a_campaign_that_only_looks_below_its_target_today_is_left_alone() -> None:
    young = {campaign("young"): did(100, 50)}
    assert not report_of(young, targets={"young": 2.0}, expected={campaign("young"): arriving(1.9)}).attention
    assert not report_of(young, targets={"young": 2.0}).attention


def test_an_account_is_complete_once_heard_after_its_day_ended() -> None:
    ended = datetime(2026, 11, 3, 23, tzinfo=UTC)
    account = AccountRef("meta", "a1")
    assert Freshness(account, ended, ended).complete
    assert not Freshness(account, ended - timedelta(seconds=1), ended).complete
    assert not Freshness(account, None, ended).complete


def test_change_needs_something_to_grow_from() -> None:
    assert estimate_change(3.0, 2.0) == 0.5
    assert estimate_change(3.0, 0.0) is None
    assert estimate_change(None, 2.0) is None
    assert estimate_change(3.0, None) is None


def test_a_campaign_without_a_name_is_called_by_its_id() -> None:
    assert Profile(campaign("c1"), "EUR").label == "c1"
    assert Profile(campaign("c1"), "EUR", "Autumn").label == "Autumn"


def by_day(*days: tuple[str, int | None]) -> FactTable:
    clicks = [amount for _, amount in days]
    return FactTable(
        keys={"day_local": np.array([day for day, _ in days], "datetime64[D]")},
        sums={name: np.array([amount or 0 for amount in clicks], np.int64) for name in QUANTITIES},
        measured={name: np.array([amount is not None for amount in clicks], bool) for name in QUANTITIES},
    )


PROFILE = Profile(campaign("c1"), "EUR")


def test_days_add_up_and_a_day_nobody_measured_is_not_zero() -> None:
    found = estimate_metrics(
        PROFILE, by_day(("2026-11-01", 2), ("2026-11-03", None), ("2026-11-04", 3)), None, None, AS_OF
    )
    assert (found.since, found.until) == (date(2026, 11, 1), date(2026, 11, 4))
    assert found.figures == Quantities(
        clicks=5, impressions=5, spend_micros=5, conversions_micros=5, conversion_value_micros=5
    )


def test_days_asked_for_are_the_days_answered() -> None:
    found = estimate_metrics(PROFILE, by_day(("2026-11-03", 2)), date(2026, 11, 1), date(2026, 11, 9), AS_OF)
    assert (found.since, found.until, found.figures.clicks) == (date(2026, 11, 1), date(2026, 11, 9), 2)
    assert estimate_metrics(PROFILE, by_day(), DAY, None, AS_OF).until == DAY
    assert estimate_metrics(PROFILE, by_day(), None, DAY, AS_OF).figures == Quantities()


def test_no_day_at_all_is_not_found() -> None:
    with pytest.raises(NotFound, match="nothing was known of campaign meta:a1:c1 on 2026-11-04 06:00 UTC"):
        estimate_metrics(PROFILE, by_day(), None, None, AS_OF)


def test_one_simulated_campaign_makes_the_report_simulated() -> None:
    assert not report_of({campaign("c1"): did(1)}).simulated
    ref = campaign("c1")
    nothing = Comparison(DAY, same_age=False, figures={})
    profiles = {ref: Profile(ref, "EUR", simulated=True)}
    assert estimate_daily_report(DAY, AS_OF, {ref: did(1)}, profiles, nothing, nothing, ()).simulated


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"), st.sampled_from(["EUR", "USD"]), st.integers(0, 10**12), st.integers(0, 10**12)
        ),
        max_size=12,
    )
)
def test_totals_by_currency_platform_and_account_are_the_same_money(
    rows: list[tuple[str, str, int, int]],
) -> None:
    figures = {
        campaign(f"c{place}", f"{account}-{currency}", "meta" if place % 2 else "google"): did(spend, value)
        for place, (account, currency, spend, value) in enumerate(rows)
    }
    currencies = {ref.account_id: ref.account_id.split("-")[1] for ref in figures}
    report = report_of(figures, currencies=currencies)
    for totals in (report.platforms, report.accounts):
        for currency in ("EUR", "USD"):
            whole = sum(t.figures.spend_micros or 0 for t in report.totals if t.currency == currency)
            assert whole == sum(t.figures.spend_micros or 0 for t in totals if t.currency == currency)


def test_a_campaign_that_leaves_its_plan_as_its_account_does_is_not_named_again() -> None:
    def pace(kind: str, name: str, planned: int) -> BudgetPace:
        spend = dict.fromkeys((DAY - timedelta(days=number) for number in range(28)), 10 * MICROS)
        return BudgetPace(kind, name, name, "EUR", 1, estimate_pacing(spend, planned * MICROS, DAY))

    budgets = (
        pace("account", "meta:a1", 100),
        pace("campaign", "meta:a1:c1", 100),
        pace("campaign", "meta:a1:c2", 900),
        pace("campaign", "meta:a2:c3", 100),
        pace("account", "meta:a3", 300),
    )
    profiles = {campaign("c1"): Profile(campaign("c1"), "EUR")}
    nothing = Comparison(DAY, same_age=False, figures={})
    around = Surroundings(budgets=budgets)
    report = estimate_daily_report(DAY, AS_OF, {campaign("c1"): did(1)}, profiles, nothing, nothing, (), around)
    assert [said.split(": ")[0] for said in report.attention] == ["meta:a1", "meta:a1:c2", "meta:a2:c3"]
