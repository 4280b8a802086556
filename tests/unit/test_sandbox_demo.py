import numpy as np
import pytest

import worlds
from adtempo.domain.accounts import CampaignRef
from adtempo.platforms.sandbox.demo import HISTORY_DAYS, LOSER, TIRED, WINNER
from adtempo.platforms.sandbox.spec import IncidentKind
from adtempo.platforms.sandbox.truth import fatigue, hour_multipliers, labels
from adtempo.platforms.sandbox.world import Play, World


@pytest.fixture(scope="module")
def world() -> World:
    return World(worlds.demo())


def plays(world: World) -> dict[tuple[str, str], Play]:
    return {
        (account.account_id, campaign.niche): world.play(account.campaign_ref(campaign))
        for account in world.spec.accounts
        for campaign in account.campaigns
    }


def roas(play: Play) -> float:
    counts, end = play.final_counts(), play.stage.clock.day_starts[HISTORY_DAYS]
    return float(counts.conversion_value_micros[:end].sum() / counts.spend_micros[:end].sum())


def test_the_demo_spans_platforms_zones_and_currencies(world: World) -> None:
    accounts = world.spec.accounts
    assert {account.platform for account in accounts} == {"meta", "google", "tiktok"}
    assert {account.currency for account in accounts} == {"EUR", "USD", "JPY", "INR"}
    assert len({account.timezone for account in accounts}) == 4
    assert sum(len(account.campaigns) for account in accounts) == 36


def test_the_demo_has_one_winner_and_one_loser(world: World) -> None:
    found = {where: roas(play) for where, play in plays(world).items()}
    assert max(found, key=lambda where: found[where]) == WINNER
    assert min(found, key=lambda where: found[where]) == LOSER
    assert found[WINNER] > 5
    assert found[LOSER] < 1
    assert 2 < np.median(list(found.values())) < 4
    winner = plays(world)[WINNER].final_counts()
    assert winner.clicks.sum() / winner.impressions.sum() > 0.03


def test_half_of_the_demo_has_a_pattern(world: World) -> None:
    patterned = [not np.allclose(hour_multipliers(play), 1.0) for play in plays(world).values()]
    assert 12 <= sum(patterned) <= 24


def test_one_creative_is_worn_out_and_the_rest_are_not(world: World) -> None:
    for where, play in plays(world).items():
        left = fatigue(play)[play.stage.clock.day_starts[HISTORY_DAYS]]
        assert (left < 0.6).sum() == (1 if where == TIRED else 0)


def test_anomalies_lie_in_the_last_days_and_holidays_do_not_count(world: World) -> None:
    found = labels(world)
    anomalies = {label.kind for label in found if label.anomaly}
    assert anomalies == set(IncidentKind) - {IncidentKind.HOLIDAY}
    today = worlds.demo().start.toordinal() + HISTORY_DAYS
    assert all(abs(label.start.date().toordinal() - today) <= 13 for label in found if label.anomaly)
    assert {label.kind for label in found if not label.anomaly} == {"holiday", "weekend"}
    assert len({label.campaign for label in found if label.kind == "holiday"}) == 36


def test_another_seed_is_another_market() -> None:
    one, other = (World(worlds.demo(seed)).play(CampaignRef("tiktok", "3001", "300101")) for seed in (7, 8))
    assert not np.array_equal(one.delivery.clicks, other.delivery.clicks)
