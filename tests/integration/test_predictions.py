"""The ledger of predictions on both databases: kept once, refused when late, compared once and only when mature."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adtempo.domain.accounts import Account, AccountRef, CampaignRef
from adtempo.domain.errors import AdtempoError, BadRows, Conflict, CurrenciesMixed, InvalidInput, NotFound
from adtempo.domain.predictions import Actual, Prediction, RecordedPrediction
from adtempo.predictions.actuals import actuals_of
from adtempo.predictions.claims import Claim
from adtempo.predictions.compare import Compared, LoadActuals, compare_predictions, load_accuracy, load_comparisons
from adtempo.predictions.record import (
    load_prediction,
    load_predictions,
    record_file,
    record_prediction,
    record_predictions,
)
from adtempo.predictions.report import accuracy_body, compared_body, comparison_body, prediction_body
from adtempo.predictions.score import as_forecasts
from adtempo.store import predictions as stored
from adtempo.store.accounts import register_accounts, register_campaigns
from adtempo.store.engine import reading, transaction
from adtempo.tracking.run import CampaignTracker
from adtempo.workspace import Workspace

BERLIN, TOKYO = AccountRef("meta", "1"), AccountRef("google", "2")
DAY = date(2026, 3, 10)
CLAIM = Claim("p1", "roas", DAY, DAY, 2.5, "nightly", campaign="c", interval={"low80": "2.0", "high80": "3.0"})


@pytest.fixture
def home(workspace: Workspace) -> Workspace:
    with transaction(workspace.engine) as connection:
        known = [Account(BERLIN, "Europe/Berlin", "EUR"), Account(TOKYO, "Asia/Tokyo", "JPY")]
        register_accounts(connection, known, at=workspace.now())
        register_campaigns(connection, {CampaignRef("meta", "1", "c"): workspace.now()})
    return workspace


def at(home: Workspace, moment: datetime) -> Workspace:
    return replace(home, pretended_now=moment)


def record(home: Workspace, claim: Claim = CLAIM, **changes: Any) -> RecordedPrediction:
    return record_prediction(home, replace(claim, **changes), actor="ann")


def came_true(value: float | None) -> Actual:
    return Actual(value, 0.99, datetime(2026, 4, 20, tzinfo=UTC), 3)


def all_came_true(value: float | None) -> LoadActuals:
    return lambda claims: [came_true(value) for _ in claims]


# Recording


def test_a_prediction_is_kept_as_it_was_made(home: Workspace) -> None:
    kept = record(home)
    assert load_prediction(home, "p1") == kept
    assert (kept.recorded_at, kept.actor, kept.horizon_days, kept.late) == (home.now(), "ann", 6, False)
    assert (str(kept.prediction.scope), kept.prediction.made_at) == ("meta:1:c", home.now())
    assert kept.prediction.interval == {"low80": 2.0, "high80": 3.0}


def test_the_same_again_is_the_same_record(home: Workspace) -> None:
    first = record(home)
    assert record(at(home, home.now() + timedelta(days=1))) == first
    assert record(at(home, home.now() + timedelta(days=60)), campaign="meta:1:c", value="2.50") == first
    assert load_predictions(home) == [first]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"value": 2.6}, "value"),
        ({"model": "other"}, "model"),
        ({"interval": {}}, "interval"),
        ({"campaign": None, "account": "1"}, "scope"),
        ({"made_at": datetime(2026, 3, 1, tzinfo=UTC)}, "made_at"),
    ],
)
def test_the_same_id_with_another_content_is_a_conflict(home: Workspace, change: dict[str, Any], named: str) -> None:
    record(home)
    with pytest.raises(Conflict, match=f"'p1' is known with another {named}"):
        record(home, **change)
    assert len(load_predictions(home)) == 1


def test_a_window_that_is_over_cannot_be_predicted(home: Workspace) -> None:
    over = datetime(2026, 3, 10, 23, tzinfo=UTC)  # midnight in Berlin
    with pytest.raises(InvalidInput, match="window was over at 2026-03-10T23:00:00"):
        record(at(home, over))
    with pytest.raises(InvalidInput, match="that is no prediction"):
        record(at(home, over + timedelta(days=9)), made_at=over)
    inside = record(at(home, over - timedelta(seconds=1)))
    assert (inside.horizon_days, inside.late) == (0, False)


def test_many_predictions_are_kept_together_or_not_at_all(home: Workspace) -> None:
    many = [replace(CLAIM, prediction_id=f"m{place}", value=place) for place in range(3)]
    with pytest.raises(NotFound, match="no campaign 'nosuch'"):
        record_predictions(home, [*many, replace(CLAIM, campaign="nosuch")], actor="ann")
    assert load_predictions(home) == []
    kept = record_predictions(home, [*many, *many[:1], replace(many[1], campaign="meta:1:c")], actor="ann")
    assert [one.prediction.prediction_id for one in kept] == ["m0", "m1", "m2", "m0", "m1"]
    assert len(load_predictions(home)) == 3
    assert record_predictions(home, [], actor="ann") == []


def test_a_prediction_that_was_made_in_time_and_brought_late_is_marked(home: Workspace) -> None:
    made = datetime(2026, 3, 9, 22, 59, tzinfo=UTC)
    late = record(at(home, made + timedelta(days=30)), made_at=made)
    assert (late.late, late.horizon_days) == (True, 1)


def test_a_prediction_made_in_the_future_is_refused(home: Workspace) -> None:
    with pytest.raises(InvalidInput, match="lies in the future"):
        record(home, made_at=home.now() + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"campaign": "nosuch"}, NotFound, "no campaign 'nosuch'"),
        ({"campaign": None, "account": "9"}, NotFound, "no account '9'"),
        ({"campaign": None, "platform": "tiktok"}, NotFound, "no account on tiktok"),
        ({"campaign": None, "platform": "myspace"}, InvalidInput, "no platform 'myspace'"),
        ({"campaign": None}, InvalidInput, "exactly one"),
        ({"account": "1"}, InvalidInput, "exactly one"),
        ({"metric": "luck"}, InvalidInput, "no metric 'luck'"),
        ({"value": float("nan")}, InvalidInput, "finite"),
        ({"value": float("inf"), "metric": "spend"}, InvalidInput, "finite"),
        ({"value": "1e3"}, InvalidInput, "not a number"),
        ({"value": "1,5"}, InvalidInput, "not a number"),
        ({"until": DAY - timedelta(days=1)}, InvalidInput, "swap them"),
    ],
)
def test_a_bad_prediction_is_refused(
    home: Workspace, change: dict[str, Any], kind: type[AdtempoError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        record(home, **change)
    assert load_predictions(home) == []


def test_amounts_come_in_major_units_and_are_kept_in_micros(home: Workspace) -> None:
    kept = record(home, metric="spend", value="12.345678", interval={"low80": 10, "high80": 15.5})
    assert kept.prediction.value == 12_345_678
    body = prediction_body(kept)
    assert (body["value"], body["low80"], body["high80"], body["low95"]) == ("12.345678", "10.00", "15.50", None)


def test_a_channel_ends_where_its_day_ends_first_and_has_one_currency(home: Workspace) -> None:
    channel = replace(CLAIM, campaign=None, platform="meta")
    with transaction(home.engine) as connection:
        register_accounts(connection, [Account(AccountRef("meta", "3"), "Asia/Tokyo", "EUR")], at=home.now())
    with pytest.raises(InvalidInput, match="2026-03-10T15:00:00"):
        record(at(home, datetime(2026, 3, 10, 15, tzinfo=UTC)), channel)
    assert str(record(home, channel).prediction.scope) == "meta"
    with transaction(home.engine) as connection:
        register_accounts(connection, [Account(AccountRef("meta", "4"), "Asia/Tokyo", "JPY")], at=home.now())
    with pytest.raises(CurrenciesMixed):
        record(home, channel, prediction_id="p2")


def test_predictions_are_found_by_campaign_and_model(home: Workspace) -> None:
    record(home)
    record(home, prediction_id="p2", campaign=None, account="meta:1", model="other", until=DAY + timedelta(days=1))
    found = load_predictions(home)
    assert [one.prediction.prediction_id for one in found] == ["p2", "p1"]
    assert [one.prediction.prediction_id for one in load_predictions(home, campaign="c")] == ["p1"]
    assert [one.prediction.prediction_id for one in load_predictions(home, model="other")] == ["p2"]
    assert len(load_predictions(home, limit=1)) == 1
    with pytest.raises(NotFound, match="no prediction 'p3'"):
        load_prediction(home, "p3")


def test_two_who_record_one_id_at_once_agree_or_one_is_refused(home: Workspace) -> None:
    def bring(value: float) -> float | str:
        try:
            return record(home, value=value).prediction.value
        except Conflict:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(bring, [2.5, 2.5, 2.6, 2.6]))
    (kept,) = load_predictions(home)
    assert sorted(map(str, answers)) == sorted([str(kept.prediction.value)] * 2 + ["refused"] * 2)


# Files


def test_a_file_of_predictions_comes_in_whole(home: Workspace, tmp_path: Path) -> None:
    table = tmp_path / "p.csv"
    table.write_text(
        "prediction_id,campaign,metric,since,until,value,low80,high80,model,made_at\n"
        "a,c,roas,2026-03-10,,2.5,2,3,m,\n"
        "b,c,spend,2026-03-10,2026-03-16,99.50,,,m,2026-03-01T09:00+01:00\n"
    )
    first, second = record_file(home, table, actor="ann")
    assert (first.prediction.until, first.prediction.interval) == (DAY, {"low80": 2.0, "high80": 3.0})
    assert (second.prediction.value, second.prediction.made_at.hour) == (99_500_000, 8)
    assert record_file(home, table, actor="ann") == [first, second]
    objects = [{"prediction_id": "a", "campaign": "c", "metric": "roas", "since": "2026-03-10", "value": 2.5}]
    objects[0] |= {"model": "m", "low80": 2, "high80": 3.0}
    listed = tmp_path / "p.json"
    listed.write_text(json.dumps(objects))
    assert record_file(home, listed, actor="ann") == [first]


def test_bad_rows_are_named_and_nothing_is_kept(home: Workspace, tmp_path: Path) -> None:
    table = tmp_path / "p.csv"
    table.write_text(
        "prediction_id,campaign,metric,since,value,model,made_at\n"
        "a,c,roas,2026-03-10,2.5,m,\n"
        "b,nosuch,roas,2026-03-10,2.5,m,\n"
        "c,c,roas,tomorrow,2.5,m,\n"
        "a,c,roas,2026-03-10,2.6,m,\n"
        "d,c,,2026-03-10,2.5,m,\n"
        "e,c,roas,2026-03-10,2.5,m,2026-03-01T09:00\n"
    )
    with pytest.raises(BadRows) as refused:
        record_file(home, table, actor="ann")
    said = {(problem.row, problem.message.split(";")[0]) for problem in refused.value.problems}
    assert {row for row, _ in said} == {3, 4, 5, 6, 7}
    assert (6, "metric is missing") in said
    assert (7, "made_at 2026-03-01T09:00 has no time zone") in said
    assert load_predictions(home) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("nosuch.csv", None, "cannot be read"),
        ("latin.csv", b"\xff\xfe\xfa", "not UTF-8"),
        ("p.json", b"[{]", "is not JSON"),
        ("p.json", b'{"a": 1}', "JSON list"),
        ("p.csv", b"prediction_id,guess\na,1\n", "mean nothing here: guess"),
        (
            "p.json",
            b'[{"prediction_id": "a", "metric": "roas", "since": "2026-03-10", "value": true, "model": "m"}]',
            "must be numbers",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(
    home: Workspace, tmp_path: Path, name: str, text: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(InvalidInput, match=said):
        record_file(home, path, actor="ann")


# Comparing


def test_a_prediction_is_compared_once_and_only_when_mature(home: Workspace) -> None:
    record(home)
    spring = at(home, datetime(2026, 4, 20, tzinfo=UTC))
    assert compare_predictions(home, all_came_true(2.0)) == Compared((), 0)
    assert compare_predictions(spring, lambda claims: [None] * len(claims)) == Compared((), 1)
    done = compare_predictions(spring, all_came_true(2.0))
    assert compare_predictions(spring, all_came_true(9.0)) == Compared((), 0)
    kept = load_prediction(home, "p1")
    assert done.compared == (kept,)
    assert kept.comparison is not None
    assert (kept.comparison.error, kept.comparison.inside80, kept.comparison.accuracy) == (0.5, True, 75.0)
    assert (kept.comparison.actual.maturity, kept.comparison.actual.batch) == (0.99, 3)


def test_of_two_comparers_at_once_only_one_counts(home: Workspace) -> None:
    record(home)
    spring = at(home, datetime(2026, 4, 20, tzinfo=UTC))

    def slow(claims: Sequence[Prediction]) -> list[Actual]:
        assert len(compare_predictions(spring, all_came_true(2.0)).compared) == 1
        return [came_true(9.0) for _ in claims]

    assert compare_predictions(spring, slow).compared == ()
    found = load_prediction(home, "p1").comparison
    assert found is not None
    assert found.actual.value == 2.0


def test_a_window_without_value_is_compared_too(home: Workspace) -> None:
    record(home)
    spring = at(home, datetime(2026, 4, 20, tzinfo=UTC))
    (kept,) = compare_predictions(spring, all_came_true(None)).compared
    body = prediction_body(kept)
    assert (body["actual"], body["error"], body["accuracy"], body["maturity"]) == (None, None, None, 0.99)
    assert comparison_body(as_forecasts([kept])[0])["accuracy_score"] is None


def test_the_body_of_a_comparison_has_the_names_that_scripts_read(home: Workspace) -> None:
    record(home)
    record(home, prediction_id="p2", metric="ctr", value=1.5, interval={})
    record(home, prediction_id="p3", model="other")
    truth = {"roas": 2.0, "ctr": 1.0}
    spring = at(home, datetime(2026, 4, 20, tzinfo=UTC))
    done = compare_predictions(spring, lambda claims: [came_true(truth[one.metric]) for one in claims], campaign="c")
    body = compared_body(done)
    assert (body["compared"], body["waiting"], len(body["comparisons"])) == (3, 0, 2)
    first = body["comparisons"][0]
    assert [first[name] for name in ("predicted_roas", "actual_roas", "roas_error")] == [2.5, 2.0, 0.5]
    assert [first[name] for name in ("predicted_ctr", "actual_ctr", "ctr_error")] == [1.5, 1.0, 0.5]
    assert first["accuracy_score"] == (75.0 + 50.0) / 2
    assert body["comparisons"][1]["predicted_ctr"] is None
    assert len(load_comparisons(spring, campaign="c")) == 2
    assert len(load_comparisons(spring, campaign="c", model="other")) == 1
    tracker = CampaignTracker(spring)
    found = tracker.compare_vs_prediction("c")
    assert [(one.predicted_roas, one.actual_ctr) for one in found] == [(2.5, None), (2.5, 1.0)]
    assert {one.accuracy_score for one in found} == {75.0, (75.0 + 50.0) / 2}
    assert tracker.compare_vs_prediction("c") == found
    accuracy = tracker.get_prediction_accuracy(days=1).overall
    assert (accuracy.roas_accuracy, accuracy.ctr_accuracy) == (75.0, 50.0)
    with pytest.raises(NotFound, match="campaign"):
        tracker.compare_vs_prediction("nobody")


def test_the_track_record_is_kept_per_model_channel_and_horizon(home: Workspace) -> None:
    record(home)
    record(home, prediction_id="p2", metric="ctr", value=1.5, interval={})
    record(home, prediction_id="p3", model="other", value=2.0)
    spring = at(home, datetime(2026, 4, 20, tzinfo=UTC))
    compare_predictions(spring, lambda claims: [came_true(2.0 if one.metric == "roas" else 1.0) for one in claims])
    body = accuracy_body(load_accuracy(spring, days=7))
    assert (body["count"], body["groups"], body["days"], body["model"]) == (3, 2, 7, None)
    assert body["avg_accuracy"] == ((75 + 50) / 2 + 100) / 2
    assert (body["roas_accuracy"], body["ctr_accuracy"]) == (87.5, 50.0)
    kinds = [(one["model"], one["platform"], one["horizon"], one["count"]) for one in body["by"]]
    assert kinds == [("nightly", "meta", "2-7 days", 2), ("other", "meta", "2-7 days", 1)]
    assert body["coverage80"]["count"] == 2
    assert [point["predicted"] for point in body["calibration"]] == [0.1, 0.9]
    assert load_accuracy(spring, model="other").overall.count == 1
    assert load_accuracy(at(spring, spring.now() + timedelta(days=8)), days=7).overall.count == 0


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_track_record_needs_a_number_of_days(home: Workspace, days: int) -> None:
    with pytest.raises(InvalidInput, match="choose 1 to 3650"):
        load_accuracy(home, days=days)


def test_many_ids_are_looked_up_at_once(home: Workspace) -> None:
    record(home)
    with reading(home.engine) as connection:
        assert set(stored.load_predictions(connection, ["p1", *map(str, range(2000))])) == {"p1"}


# What came true

FACTS = """platform,account_id,account_timezone,currency,campaign_id,grain,slot_start,impressions,clicks,spend,\
conversions,conversion_value,observed_at
meta,1,Europe/Berlin,EUR,c,day,2026-03-10,1000,20,10.00,2,{value},{observed_at}
"""


def import_file(home: Workspace, path: Path, moment: datetime) -> None:
    from adtempo.facts.formats import ImportOptions
    from adtempo.facts.imports import import_facts

    import_facts(home.ledger, path, ImportOptions(), actor="ann", now=moment)


def import_day(home: Workspace, folder: Path, value: str, observed_at: str) -> None:
    path = folder / f"{observed_at[:10]}.csv"
    path.write_text(FACTS.format(value=value, observed_at=observed_at))
    import_file(home, path, datetime.fromisoformat(observed_at))


def test_what_came_true_is_known_once_platforms_no_longer_restate_it(home: Workspace, tmp_path: Path) -> None:
    record(home)
    record(home, prediction_id="p2", metric="ctr", value=1.5, interval={})
    record(home, prediction_id="p3", metric="spend", value="12", interval={}, campaign=None, account="1")
    import_day(home, tmp_path, "15.00", "2026-03-12T00:00+00:00")
    early = at(home, datetime(2026, 3, 12, 1, tzinfo=UTC))
    assert compare_predictions(early, actuals_of(early)) == Compared((), 3)
    import_day(home, tmp_path, "20.00", "2026-03-15T00:00+00:00")
    settled = at(home, datetime(2026, 3, 15, 1, tzinfo=UTC))
    done = compare_predictions(settled, actuals_of(settled))
    assert {one.prediction.metric for one in done.compared} == {"ctr", "spend"}
    assert done.waiting == 1
    import_day(home, tmp_path, "25.00", "2026-04-08T00:00+00:00")
    mature = at(home, datetime(2026, 4, 9, tzinfo=UTC))
    (last,) = compare_predictions(mature, actuals_of(mature)).compared
    assert last.comparison is not None
    assert (last.comparison.actual.value, last.comparison.accuracy) == (2.5, 100.0)


def test_a_window_of_which_nothing_is_known_stays_open(home: Workspace, tmp_path: Path) -> None:
    record(home, since=date(2026, 3, 8), until=date(2026, 3, 8))
    import_day(home, tmp_path, "25.00", "2026-04-08T00:00+00:00")
    mature = at(home, datetime(2026, 4, 9, tzinfo=UTC))
    assert compare_predictions(mature, actuals_of(mature)) == Compared((), 1)


def test_one_reading_judges_campaigns_accounts_and_platforms_over_any_days(home: Workspace, tmp_path: Path) -> None:
    rows = "".join(
        f"{platform},{account},{zone},{currency},{campaign},day,2026-03-{day:02},1000,{clicks},{spend},2,20,"
        "2026-04-20T00:00+00:00\n"
        for platform, account, zone, currency, campaign, clicks, spend in (
            ("meta", "1", "Europe/Berlin", "EUR", "c", 20, 10),
            ("meta", "1", "Europe/Berlin", "EUR", "d", 10, 5),
            ("meta", "5", "Asia/Tokyo", "JPY", "e", 30, 1000),
        )
        for day in (10, 11)
    )
    record(home, since=DAY, until=date(2026, 3, 11))
    record(home, prediction_id="account", metric="spend", campaign=None, account="1", interval={})
    record(home, prediction_id="platform", campaign=None, platform="meta", interval={})
    record(home, prediction_id="clicks", metric="ctr", campaign=None, platform="meta", interval={})
    (tmp_path / "facts.csv").write_text(FACTS.splitlines()[0] + "\n" + rows)
    import_file(home, tmp_path / "facts.csv", datetime(2026, 4, 20, tzinfo=UTC))
    later = at(home, datetime(2026, 4, 21, tzinfo=UTC))
    done = compare_predictions(later, actuals_of(later))
    actual = {
        one.prediction.prediction_id: one.comparison.actual.value for one in done.compared if one.comparison is not None
    }
    # Yen came to the platform after it was predicted in euros: what it brought back is no one number any more.
    assert actual == {"p1": 2.0, "account": 15_000_000.0, "platform": None, "clicks": 2.0}
