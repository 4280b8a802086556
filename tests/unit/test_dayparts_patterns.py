"""Labelled slots told as patterns."""

import pytest

from adtempo.dayparts.findings import Label, SlotFigures
from adtempo.dayparts.patterns import find_patterns

PLAIN = SlotFigures(
    *(28, 100, 100, 1.0, 1.0, 1.0, 0.9, 1.1),
    *(1.0, 0.9, 1.1, 1.0, 0.9, 1.1, 0.9),
    label=Label.NORMAL,
)
PEAK = PLAIN._replace(lift=1.5, lift_low=1.3, lift_high=1.7, q_value=0.02, label=Label.PEAK)
VALLEY = PLAIN._replace(lift=0.5, lift_low=0.4, lift_high=0.6, q_value=0.01, label=Label.VALLEY)


def slots(count: int, **special: SlotFigures) -> list[SlotFigures]:
    return [special.get(f"s{place}", PLAIN) for place in range(count)]


def test_a_run_over_midnight_is_one_pattern_and_begins_before_it() -> None:
    hours = slots(24, s23=PEAK, s0=PEAK, s1=PEAK, s5=VALLEY)
    found = find_patterns(hours, hours * 7, slots(7))
    assert [(one.kind, one.hours, one.days) for one in found] == [
        (Label.VALLEY, (5,), (0, 1, 2, 3, 4, 5, 6)),
        (Label.PEAK, (23, 0, 1), (0, 1, 2, 3, 4, 5, 6)),
    ]
    valley, peak = found
    assert peak.consistency == pytest.approx(0.5)
    assert peak.lift_score == 1.0
    assert peak.strength == pytest.approx(0.7 + 0.3 * 0.5)
    assert peak.confidence == pytest.approx(0.98)
    assert valley.lift == 0.5
    assert valley.lift_score == 1.0


def test_a_small_lift_scores_in_proportion() -> None:
    small = PEAK._replace(lift=1.05)
    (one,) = find_patterns(slots(24, s3=small), slots(24, s3=small) * 7, slots(7))
    assert one.lift_score == pytest.approx(0.5)


def test_hours_of_weekends_alone_are_a_pattern_of_weekends() -> None:
    cells = [*slots(24) * 5, *slots(24, s10=PEAK, s11=PEAK) * 2]
    (one,) = find_patterns(slots(24), cells, slots(7))
    assert (one.hours, one.days) == ((10, 11), (5, 6))


def test_a_whole_weekday_is_one_pattern_and_not_also_its_hours() -> None:
    cells = [*slots(24) * 6, *[PEAK] * 24]
    (one,) = find_patterns(slots(24), cells, slots(7, s6=PEAK))
    assert (len(one.hours), one.days) == (24, (6,))


def test_weekends_better_as_wholes_are_told_by_day() -> None:
    cells = [*slots(24) * 5, *[PEAK] * 48]
    found = find_patterns(slots(24), cells, slots(7, s5=PEAK, s6=PEAK))
    assert [one.days for one in found] == [(5,), (6,)]


def test_weekends_better_for_a_few_hours_are_told_by_these() -> None:
    cells = [*slots(24) * 5, *slots(24, s10=PEAK, s11=PEAK) * 2]
    (one,) = find_patterns(slots(24), cells, slots(7, s5=PEAK, s6=PEAK))
    assert (one.hours, one.days) == ((10, 11), (5, 6))


def test_a_weekday_better_for_more_than_the_hours_of_its_part_is_told_beside_them() -> None:
    cells = [*slots(24) * 5, *slots(24, s10=PEAK), *slots(24, s10=PEAK, s20=PEAK)]
    found = find_patterns(slots(24), cells, slots(7, s6=PEAK))
    assert {(len(one.hours), one.days) for one in found} == {(1, (5, 6)), (24, (6,))}


def test_a_weekend_whose_few_labelled_hours_are_those_of_every_day_is_told_by_day() -> None:
    hours = slots(24, s10=PEAK)
    found = find_patterns(hours, hours * 7, slots(7, s5=PEAK, s6=PEAK))
    assert [one.days for one in found] == [(0, 1, 2, 3, 4, 5, 6), (5,), (6,)]


def test_nothing_but_normal_hours_make_no_pattern() -> None:
    assert find_patterns(slots(24), slots(168), slots(7)) == ()


def test_hours_without_a_mean_are_as_inconsistent_as_can_be() -> None:
    odd = VALLEY._replace(mean=0.0, lift=0.0)
    (one,) = find_patterns(slots(24, s3=odd), slots(24, s3=odd) * 7, slots(7))
    assert one.consistency == 0.0
    assert one.lift_score == 1.0
    unknown = VALLEY._replace(mean=None, deviation=None)
    (one,) = find_patterns(slots(24, s3=unknown), slots(24, s3=unknown) * 7, slots(7))
    assert one.consistency == 0.0
