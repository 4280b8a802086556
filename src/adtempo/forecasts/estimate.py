"""What days to come will bring: channels forecast as joint draws, shared out over campaigns, added up to everything.

Each channel's series are forecast one by one (`stats.forecasters`) and then drawn together, so that a return is the
ratio of a spend and a value that go with each other. Campaigns get shares of their channel's draws; accounts and the
total are sums of draws. So every level agrees with every other, in expectation and in each draw.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adtempo.domain.forecasts import WINDOWS, Forecast, Level, Subject
from adtempo.forecasts.dates import reckon_holidays
from adtempo.stats.forecasters import QUICK, WITH_DATES, Fans, KnownDates, forecast_panel

Floats = NDArray[np.float64]
Draws = Mapping[str, Floats]

SERIES = ("spend", "value", "conversions", "impressions", "clicks")
"""What is forecast of every channel; spend and value in major units."""

HORIZON = max(WINDOWS)

REACH = "reach"

LEAST_DAYS = 14
"""Two of each weekday; with less nothing is forecast."""

QUIET_DAYS = 28
"""A channel without spend for so long has ended."""

WEEK = 7

BELIEF = 30.0
"""Conversions after which half of what a campaign's conversions were worth is its own, half its channel's. Assumed."""

UNKNOWN_SPREAD = 0.3
"""How far shares are taken to stray where there is no past to learn it from. Assumed."""

LEAST_DRAWS = 1000
"""Futures are repeated to at least so many, so that the campaigns of each stray in several ways."""

_SHARES = np.array([0.025, 0.1, 0.5, 0.9, 0.975])
_LEAST_SPREAD = 0.05
_MEDIAN_OF_NORMAL = 0.6745
_TINY = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class CampaignPanel:
    """Closed local days of the campaigns of one currency.

    Attributes:
        days: Consecutive local days, datetime64[D], shape (days,).
        seen: Whether anything is known of the day, shape (days,).
        channels: Of each campaign.
        accounts: Of each campaign, as platform:account.
        names: Of each campaign, as platform:account:campaign.
        running: Whether each may spend in days to come, shape (campaigns,).
        budgets: Daily budgets that held when each day ended, and today's; major units, infinite where none is known,
            shape (campaigns, days + 1).
        series: By name in SERIES, matured, 0 where a campaign had none, shape (campaigns, days).
        has_value: Whether anybody measured conversion value.
        holidays: The public holiday that each day is, empty where none, by account, HORIZON days to come included.
        replanned: Whether the last days count as they would have been at another budget, shape (campaigns,).
    """

    days: NDArray[np.datetime64]
    seen: NDArray[np.bool_]
    channels: tuple[str, ...]
    accounts: tuple[str, ...]
    names: tuple[str, ...]
    running: NDArray[np.bool_]
    budgets: Floats
    series: Mapping[str, Floats]
    has_value: bool
    holidays: Mapping[str, Sequence[str]]
    replanned: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What the days to come bring to a channel, or to everything.

    Attributes:
        models: The forecaster of each series.
        note: What to know about it; empty if nothing.
        draws: By name in SERIES, shape (paths, HORIZON); None where nothing can be said.
        reach: Forecasts of reach by day, where it is known.
    """

    models: Mapping[str, str]
    note: str
    draws: Draws | None
    reach: Sequence[Forecast] | None = None


@dataclass(frozen=True, slots=True)
class WindowForecast:
    """What a window brings.

    Attributes:
        subject: Of what.
        days: Length of the window.
        figures: Sums over the window by name in SERIES, and ``roi`` and ``ctr``; None where there is no value.
    """

    subject: Subject
    days: int
    figures: Mapping[str, Forecast | None]


def estimate_channels(
    panel: CampaignPanel, *, reach: Mapping[str, Floats], chosen: Mapping[str, Mapping[str, str]] | None
) -> dict[str, Outlook]:
    """Forecast every channel out of those of its campaigns that run; errors that channels share are drawn together.

    Args:
        panel: All campaigns of the currency.
        reach: People reached by day, of channels that are one campaign, shape (days,).
        chosen: Forecasters chosen earlier, by channel and series; None to choose anew.
    """
    found: dict[str, Outlook] = {}
    lines: dict[tuple[str, str], Floats] = {}
    for channel in sorted(set(panel.channels)):
        mine = np.array([name == channel for name in panel.channels]) & panel.running
        active = np.flatnonzero(panel.series["spend"][mine].sum(axis=0) > 0)
        why = _silence(active, len(panel.days))
        if why is not None:
            found[channel] = why
            continue
        for name in SERIES:
            lines[channel, name] = panel.series[name][mine].sum(axis=0)
        if channel in reach:
            lines[channel, REACH] = reach[channel]
        for name in (*SERIES, REACH):
            if (channel, name) in lines:
                began = np.arange(len(panel.days)) >= active[0]
                lines[channel, name] = np.where(panel.seen & began, lines[channel, name], np.nan)
    if lines:
        for channel, outlook in _forecast_lines(lines, chosen, _dates(panel, [of for of, _ in lines])).items():
            mine = _lately(panel, channel)
            # A budget that is spent beyond for weeks is none: it is shared, or of a lifetime.
            lately = panel.series["spend"][mine, -HORIZON:].sum(axis=0).mean()
            found[channel] = estimate_within_budget(outlook, float(max(panel.budgets[mine, -1].sum(), lately)))
            if panel.replanned[mine].any():
                said = "Daily budgets were changed; days before count as they would have been at today's."
                found[channel] = replace(found[channel], note=f"{found[channel].note} {said}".strip())
    return {channel: found[channel] for channel in sorted(found)}


def _lately(panel: CampaignPanel, channel: str) -> NDArray[np.bool_]:
    """Return which campaigns of a channel run and have spent in the last four weeks."""
    mine = np.array([name == channel for name in panel.channels]) & panel.running
    return np.asarray(mine & panel.series["spend"][:, -HORIZON:].any(axis=1))


def _dates(panel: CampaignPanel, channels: Sequence[str]) -> KnownDates | None:
    """Return the holidays of each line: those of its accounts, by their share of the channel's spend."""
    shares = {}
    for channel in set(channels):
        spent: dict[str, float] = {}
        for place in np.flatnonzero(_lately(panel, channel)).tolist():
            account = panel.accounts[place]
            spent[account] = spent.get(account, 0.0) + float(panel.series["spend"][place, -HORIZON:].sum())
        shares[channel] = {account: spend / sum(spent.values()) for account, spend in spent.items()}
    return reckon_holidays(panel.holidays, [shares[channel] for channel in channels])


def estimate_within_budget(outlook: Outlook, daily: float) -> Outlook:
    """Return an outlook in which no week spends more than its budgets; what spend brings is held back with it.

    A day may cost more than its budget, and platforms even that out over the days around it.

    Args:
        outlook: Of a channel.
        daily: Its campaigns' daily budgets, major units; infinite if one is not known.
    """
    assert outlook.draws is not None, "what is held back was forecast"
    weeks = outlook.draws["spend"].reshape(-1, HORIZON // WEEK, WEEK).sum(axis=2)
    held = np.minimum(1.0, WEEK * daily / np.maximum(weeks, _TINY))
    if held.min() == 1.0:
        return outlook
    draws = {name: one * np.repeat(held, WEEK, axis=1) for name, one in outlook.draws.items()}
    said = "" if np.median(held) == 1.0 else "It would spend more than its daily budgets, which hold it back."
    return replace(outlook, draws=draws, note=" ".join(filter(None, (outlook.note, said))))


def _silence(active: NDArray[np.int64], days: int) -> Outlook | None:
    """Return the outlook of a channel that ended or is too young; None for one that can be forecast.

    Args:
        active: Places of the days on which it spent.
        days: How many days there are.
    """
    quiet = days - 1 - int(active[-1]) if len(active) else days
    if quiet >= QUIET_DAYS or not len(active):
        zeros = {name: np.zeros((1, HORIZON)) for name in SERIES}
        return Outlook({}, f"Nothing was spent by campaigns that run in its last {quiet} days; it has ended.", zeros)
    known = days - int(active[0])
    if known < LEAST_DAYS:
        return Outlook({}, f"It has {known} days of history; a forecast needs {LEAST_DAYS}.", None)
    return None


def _forecast_lines(
    lines: Mapping[tuple[str, str], Floats],
    chosen: Mapping[str, Mapping[str, str]] | None,
    dates: KnownDates | None,
) -> dict[str, Outlook]:
    before = [(chosen or {}).get(channel, {}).get(name, "") for channel, name in lines]
    fans = forecast_panel(
        np.stack(list(lines.values())),
        QUICK,
        seasons=(WEEK,),
        horizon=HORIZON,
        nonnegative=True,
        chosen=before if all(before) else (),
        dates=dates,
    )
    again = -(-LEAST_DRAWS // fans.paths.shape[1])
    found = {}
    for channel in dict.fromkeys(channel for channel, _ in lines):
        places = {name: place for place, (of, name) in enumerate(lines) if of == channel}
        people = None
        if REACH in places:
            rows = zip(*(end[places[REACH]].tolist() for end in _ends(fans)), strict=True)
            people = [Forecast(*row) for row in rows]
        found[channel] = Outlook(
            {name: fans.chosen[place] for name, place in places.items()},
            _tell(
                {name: fans.chosen[place] for name, place in places.items()},
                [fans.note[place] for place in places.values()],
                fans.beats_naive[list(places.values())],
            ),
            {name: np.tile(fans.paths[places[name]], (again, 1)) for name in SERIES},
            people,
        )
    return found


def _ends(fans: Fans) -> tuple[Floats, ...]:
    return fans.expected, fans.low80, fans.high80, fans.low95, fans.high95


def _tell(models: Mapping[str, str], notes: Sequence[str], beats: NDArray[np.bool_]) -> str:
    """Return what to know of the forecasters of a channel, in words."""
    told = [f"{name}: {note}" for name, note in zip(models, notes, strict=True) if note]
    reckoned = [name for name, model in models.items() if WITH_DATES in model]
    if reckoned:
        told.append(f"Public holidays are reckoned with for {', '.join(reckoned)}.")
    plain = [name for name, better in zip(models, beats.tolist(), strict=True) if not better]
    if plain:
        told.append(f"Nothing beats the same weekday of the week before for {', '.join(plain)}, so that is used.")
    return " ".join(told)


def estimate_total(outlooks: Mapping[str, Outlook]) -> Outlook:
    """Return everything: the sum of the channels, without those of which nothing can be said."""
    known = [outlook.draws for outlook in outlooks.values() if outlook.draws is not None]
    if not known:
        return Outlook({}, next(iter(outlooks.values())).note, None)
    missing = [channel for channel, outlook in outlooks.items() if outlook.draws is None]
    note = f"Without {', '.join(missing)}, of which too little is known." if missing else ""
    return Outlook({}, note, {name: np.sum([draws[name] for draws in known], axis=0) for name in SERIES})


def estimate_windows(
    panel: CampaignPanel, outlooks: Mapping[str, Outlook], currency: str, *, seed: int
) -> list[WindowForecast]:
    """Forecast sums over the windows, of everything, channels, accounts and campaigns, which add up.

    Args:
        panel: All campaigns of the currency.
        outlooks: Of its channels.
        currency: ISO 4217.
        seed: Of the draws by which campaigns share out their channels.
    """
    total = estimate_total(outlooks)
    if total.draws is None:
        return []
    found = []

    def tell(level: Level, name: str, days: int, sums: Draws) -> None:
        found.append(WindowForecast(Subject(level, name, currency), days, _figures(sums, has_value=panel.has_value)))

    for days in WINDOWS:
        tell(Level.TOTAL, "", days, _over(total.draws, days))
        accounts: dict[str, dict[str, Floats]] = {}
        for channel, outlook in outlooks.items():
            if outlook.draws is None:
                continue
            sums = _over(outlook.draws, days)
            tell(Level.CHANNEL, channel, days, sums)
            rng = np.random.default_rng([seed, days, zlib.crc32(channel.encode())])
            for member, own in estimate_campaigns(panel, channel, sums, days, rng).items():
                tell(Level.CAMPAIGN, panel.names[member], days, own)
                account = accounts.setdefault(panel.accounts[member], {})
                for name, draws in own.items():
                    account[name] = account.get(name, 0.0) + draws
        for name, drawn in sorted(accounts.items()):
            tell(Level.ACCOUNT, name, days, drawn)
    return found


def estimate_campaigns(
    panel: CampaignPanel, channel: str, sums: Draws, days: int, rng: np.random.Generator
) -> dict[int, dict[str, Floats]]:
    """Share a channel's spend and value out over its campaigns; each draw adds up to the channel's.

    A campaign's share of spend is that of the last four weeks, the last one counting as much as all four; what a unit
    of its spend returns is drawn towards the channel's. How far shares stray in a window is learnt from how they did.

    Args:
        panel: All campaigns of the currency.
        channel: Which channel.
        sums: The channel's sums over the window, by name in SERIES, shape (draws,).
        days: Length of the window.
        rng: Draws how shares stray.

    Returns:
        By place of the campaign in the panel, ``spend`` and ``value``, shape (draws,); those that stopped get nothing.
    """
    of_channel = np.array([name == channel for name in panel.channels])
    recently = panel.series["spend"][:, -HORIZON:].sum(axis=1) > 0
    draws = len(sums["spend"])
    found = {
        int(member): {name: np.zeros(draws) for name in ("spend", "value")}
        for member in np.flatnonzero(of_channel & recently & ~panel.running)
    }
    members = np.flatnonzero(of_channel & recently & panel.running)
    if not len(members) or not sums["spend"].any():
        return found
    spend, value, conversions = (_recent(panel.series[name][members]) for name in ("spend", "value", "conversions"))
    belief = conversions * HORIZON / (conversions * HORIZON + BELIEF)
    worth = belief * value + (1 - belief) * spend * (value.sum() / spend.sum())
    strayed = rng.standard_normal((2, draws, len(members)))
    of_spend, of_value = (_spread(panel.series[name][members], days) for name in ("spend", "value"))
    delivery = spend * np.exp(of_spend * strayed[0])
    # Value strays with the spend that brings it; the rest is its own, and no less than counting conversions allows.
    noise = np.maximum(max(of_value**2 - of_spend**2, 0.0) ** 0.5, (conversions * days + 1) ** -0.5)
    returns = delivery * (worth / spend) * np.exp(noise * strayed[1])
    for place, member in enumerate(members.tolist()):
        found[member] = {
            "spend": sums["spend"] * delivery[:, place] / delivery.sum(axis=1),
            "value": sums["value"] * returns[:, place] / np.maximum(returns.sum(axis=1), _TINY),
        }
    return found


def _recent(series: Floats) -> Floats:
    """Return a day's level of each campaign: between the mean of its last week and that of its last four."""
    return np.asarray((series[:, -WEEK:].mean(axis=1) + series[:, -HORIZON:].mean(axis=1)) / 2)


def _spread(series: Floats, days: int) -> float:
    """Return by how much campaigns' shares stray over a window: the standard deviation of their logarithm.

    Each week of the past is an origin: shares of the window after it against those of the four weeks before.
    """
    moves = []
    for origin in range(series.shape[1] - days, HORIZON - 1, -WEEK):
        before, after = series[:, origin - HORIZON : origin].sum(axis=1), series[:, origin : origin + days].sum(axis=1)
        both = (before > 0) & (after > 0)
        if both.sum() > 1:
            moved = np.log(after[both] / after[both].sum()) - np.log(before[both] / before[both].sum())
            moves.append(float(np.median(np.abs(moved))) / _MEDIAN_OF_NORMAL)
    return max(float(np.mean(moves)) if moves else UNKNOWN_SPREAD, _LEAST_SPREAD)


def _over(draws: Draws, days: int) -> dict[str, Floats]:
    return {name: draws[name][:, :days].sum(axis=1) for name in SERIES}


def _figures(sums: Draws, *, has_value: bool) -> dict[str, Forecast | None]:
    """Return the sums of a window and their ratios; a campaign has fewer of them than a channel."""
    figures: dict[str, Forecast | None] = {name: estimate_mean(drawn) for name, drawn in sums.items()}
    figures["roi"] = estimate_ratio(sums["value"] - sums["spend"], sums["spend"])
    if "clicks" in sums:
        figures["ctr"] = estimate_ratio(100 * sums["clicks"], sums["impressions"])
    return figures if has_value else figures | {"value": None, "roi": None}


def estimate_days(outlook: Outlook, *, has_value: bool) -> dict[str, list[Forecast | None]]:
    """Return ``roi``, ``conversions``, ``impressions`` and ``ctr`` day by day; empty where nothing is known."""
    draws = outlook.draws
    if draws is None:
        return {}
    steps = range(HORIZON)
    value, spend = draws["value"], draws["spend"]
    return {
        "roi": [estimate_ratio(value[:, h] - spend[:, h], spend[:, h]) if has_value else None for h in steps],
        "conversions": [estimate_mean(draws["conversions"][:, h]) for h in steps],
        "impressions": [estimate_mean(draws["impressions"][:, h]) for h in steps],
        "ctr": [estimate_ratio(100 * draws["clicks"][:, h], draws["impressions"][:, h]) for h in steps],
    }


def estimate_mean(draws: Floats) -> Forecast:
    """Return the mean of draws, which adds up, with their central intervals."""
    return _forecast(float(draws.mean()), draws)


def estimate_ratio(top: Floats, bottom: Floats) -> Forecast | None:
    """Return the median of a ratio of joint draws with its intervals; None where most have nothing to divide by."""
    some = bottom > 0
    if some.mean() <= 0.5:
        return None
    ratios = top[some] / bottom[some]
    return _forecast(float(np.median(ratios)), ratios)


def _forecast(value: float, draws: Floats) -> Forecast:
    low95, low80, _, high80, high95 = np.quantile(draws, _SHARES).tolist()
    low80, high80 = min(low80, value), max(high80, value)
    return Forecast(value, low80, high80, min(low95, low80), max(high95, high80))
