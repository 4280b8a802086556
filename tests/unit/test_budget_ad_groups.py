"""Rules over ad groups: a row holds where it does for every one that was shown."""

from __future__ import annotations

import numpy as np
import pytest

from adtempo.budgets.decide import recommend_choice
from adtempo.budgets.reasons import Explainer
from adtempo.budgets.rules.fields import read_rule
from adtempo.budgets.rules.sentences import rule_sentence
from adtempo.domain.budgets import Evaluation, Truth
from adtempo.domain.proposals import BudgetAction
from standings import Seen, Told, standing, with_ad_groups

GOOD, BAD, UNSEEN = Seen(value=350), Seen(value=80), Seen(impressions=None, clicks=None, spend=None)
HIDDEN = Seen(impressions=0, clicks=0, spend=0.0, conversions=0.0, value=0.0)
RULE = {"rule_name": "r", "basis": "reported", "over": "ad_group"}


def evaluate(groups: list[Seen], seen: Seen = GOOD, **fields: object) -> Evaluation:
    """What a rule says of a campaign between two others, which have ad groups of their own."""
    told = [Told(seen=BAD), Told(seen=seen), Told(seen=BAD)]
    columns = with_ad_groups(standing(*told), c1=[BAD], c2=groups, c3=[BAD, BAD])
    choice = recommend_choice(read_rule({**RULE, **fields}), columns, np.array([1]))
    return Explainer(choice, columns).evaluations()[0]


@pytest.mark.parametrize(
    ("groups", "action"),
    [
        ([GOOD], BudgetAction.SCALE_UP),
        ([GOOD, GOOD, HIDDEN, UNSEEN], BudgetAction.SCALE_UP),
        ([GOOD, BAD], BudgetAction.MAINTAIN),
        ([BAD, BAD], BudgetAction.PAUSE),
    ],
)
def test_a_row_holds_where_it_does_for_every_ad_group_that_was_shown(groups: list[Seen], action: BudgetAction) -> None:
    assert evaluate(groups).action is action


def test_the_campaigns_own_figures_are_shown_and_count_the_impressions() -> None:
    found = evaluate([GOOD, GOOD], Seen(value=320))
    assert found.reason == "Strong performance: ROAS 3.20x (>3.0x), and so in each of its ad groups"
    assert evaluate([GOOD], Seen(impressions=900)).reason.startswith("Too little data: 900 impressions")


@pytest.mark.parametrize("groups", [[], [HIDDEN]])
def test_of_a_campaign_whose_ad_groups_nobody_saw_nothing_can_be_said(groups: list[Seen]) -> None:
    assert evaluate(groups).reason == "Not decidable: nothing is known of its ad groups in the last 24 hours"


def test_where_there_are_no_ad_groups_at_all_nothing_can_be_said() -> None:
    columns = standing(Told(seen=GOOD))
    choice = recommend_choice(read_rule(RULE), columns, np.array([0]))
    assert choice.action(0) is BudgetAction.MAINTAIN


def test_two_that_are_each_nearly_sure_are_together_less_sure() -> None:
    """Each holds with some 87%, so both do with at least 74%: enough for one of them, not for two."""
    likely = Seen(value=340, value_final=(340, 295, 385))
    one, two = (evaluate([likely] * count, basis="expected") for count in (1, 2))
    assert (one.action, two.action) == (BudgetAction.SCALE_UP, BudgetAction.MAINTAIN)
    rise = two.judgements[3]
    assert rise.truth is Truth.UNCERTAIN
    assert rise.probability == pytest.approx(2 * (one.judgements[3].probability or 0) - 1)


def test_the_rule_says_so_in_its_sentence() -> None:
    assert "scale up 20% when ROAS is above 3.0x in each of its ad groups" in rule_sentence(read_rule(RULE))
