"""One set of rules on its way through history: what it has changed so far, and what that did to the figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from adtempo.budgets.columns import Pace, Standing, Window
from adtempo.budgets.decide import Choice, recommend_choice
from adtempo.budgets.load import Assignment, Book, assign_rules, standing_of
from adtempo.budgets.proposals import proposal_of
from adtempo.budgets.reasons import Explainer
from adtempo.budgets.replay.response import SpendResponse
from adtempo.budgets.rules.base import Over, Rule
from adtempo.changes.assemble import Scene, see
from adtempo.changes.guardrails import WITH_THE_CLOCK
from adtempo.changes.limits import DAY_HOURS
from adtempo.changes.propose import draft_change, judge_proposal
from adtempo.changes.situation import MEMORY, Sent
from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.campaigns import CampaignState, Status
from adtempo.domain.changes import OPEN, Change, State
from adtempo.domain.policies import PLATFORM_TERMS
from adtempo.domain.proposals import BudgetAction, Proposal
from adtempo.domain.verdicts import Outcome
from adtempo.facts.history import Look, Times
from adtempo.facts.windows import KnownDays
from adtempo.store.readings import Known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ACTOR = "replay"


@dataclass(frozen=True, slots=True)
class Fired:
    """One change that rules would have made.

    Attributes:
        at: When.
        place: Which campaign, by its place.
        campaign: The campaign.
        rule: The rule that asked for it.
        action: What it asked for.
        prior: What the campaign held then.
        target: What it would have held.
        currency: Of the budgets.
        reason: Why, in one sentence.
        asked: Whether a person would have been asked first.
        target_roas: The return below which a pause is deserved.
    """

    at: datetime
    place: int
    campaign: CampaignRef
    rule: str
    action: BudgetAction
    prior: CampaignState
    target: CampaignState
    currency: str
    reason: str
    asked: bool
    target_roas: float


@dataclass(frozen=True, slots=True, eq=False)
class Hour:
    """One hour of history, whatever rules make of it; arrays of shape (campaigns,).

    Attributes:
        at: When it begins, aware.
        place: Its place among the hours.
        look: What was known then.
        days: Place of its local day.
        weights: Its share of that day.
        facts_until: Up to when the facts of accounts are complete.
        top: Says which campaigns of an account are its largest; asked only where one would be paused.
    """

    at: datetime
    place: int
    look: Look
    days: Ints
    weights: Floats
    facts_until: Mapping[AccountRef, datetime | None]
    top: Callable[[AccountRef], Collection[CampaignRef]]


@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """What rules ask for in hours to come if nothing is changed until then.

    Attributes:
        standing: How campaigns stand, those of each hour behind those of the hour before.
        choices: What each assignment asks for, in the same order.
    """

    standing: Standing
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a rule asks for in an hour.

    Attributes:
        choice: What its rule asks for of all its campaigns.
        nth: Which of these it is about.
        place: Place of the campaign.
        campaign: The campaign.
        explainer: Who knows why.
    """

    choice: Choice
    nth: int
    place: int
    campaign: CampaignRef
    explainer: Explainer

    def proposal(self) -> Proposal:
        """Return it as a proposal without words: most wishes of an hour are vetoed, and nobody reads why they were."""
        said = self.explainer.sketch(self.nth)
        return proposal_of(said, self.choice, self.nth, window=said.at)


@dataclass(slots=True, eq=False)
class Course:
    """One set of rules on its way through history.

    Attributes:
        name: What people call it.
        rules: The rules; None for the stored ones.
        times: How many times what really was comes of each slot.
        lived: Weight of the hours of each local day that have passed, shape (campaigns, days).
        fired: What it would have changed, in order.
        vetoes: How often which guardrail stood in the way.
        rested: How often a campaign that a rule wanted to change had been changed too lately.
        changed: Whether it has made the figures differ from what they really were.
    """

    name: str
    rules: Sequence[Rule] | None
    times: Times
    lived: Floats
    fired: list[Fired] = field(default_factory=list)
    vetoes: Counter[str] = field(default_factory=Counter)
    rested: int = 0
    changed: bool = False
    _book: Book | None = None
    _assignments: tuple[Assignment, ...] = ()
    _told: tuple[Sequence[int], Sequence[bool]] = ((), ())
    _known: dict[AccountRef, dict[CampaignRef, Known]] = field(default_factory=dict)
    _committed: Counter[AccountRef] = field(default_factory=Counter)
    _sent: dict[CampaignRef, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    _pace: tuple[Floats, Floats] | None = None
    _bare: Standing | None = None
    _stopped: dict[int, tuple[Hashable, tuple[str, ...]]] = field(default_factory=dict)

    def adopt(self, book: Book, at: datetime) -> None:
        """Take over what people did at the time: whoever was told to hold something else holds that.

        Args:
            book: As it was known then, with the rules of this course.
            at: When.
        """
        if self._book is not None:
            budgets, running = list(self._book.budgets), list(self._book.running)
            for place, now in enumerate(zip(book.budgets, book.running, strict=True)):
                if now == (self._told[0][place], self._told[1][place]):
                    continue
                budgets[place], running[place] = now
            own = replace(book, budgets=budgets, running=running)
        else:
            own = book
        self._told, self._book, self._pace = (book.budgets, book.running), own, None
        self._bare = standing_of(own, at, {}, {}, {})
        self._stopped.clear()
        self._assignments, _ = assign_rules(own.rules, own.campaigns, own.accounts, range(len(own.campaigns)))
        self._known, self._committed = {ref: {} for ref in own.accounts}, Counter()
        for campaign, budget, runs in zip(own.campaigns, own.budgets, own.running, strict=True):
            if budget > 0:
                state = CampaignState(budget, Status.ACTIVE if runs else Status.PAUSED)
                self._known[campaign.ref.account][campaign.ref] = Known(state, at)
                self._committed[campaign.ref.account] += state.committed_micros

    @property
    def book(self) -> Book:
        """How campaigns stand on this course."""
        assert self._book is not None, "a course begins with a book"
        return self._book

    def known(self, hours: Sequence[Hour], response: SpendResponse | None) -> list[KnownDays]:
        """Return what will be known at hours to come, if nothing is changed until then; the course itself stays."""
        places = slice(hours[0].place, hours[-1].place + 1)
        days = slice(min(hour.days.min() for hour in hours), max(hour.days.max() for hour in hours) + 1)
        times, found = self.times, []
        parts = [one[:, days] for one in (self.lived, times.spend_by_day, times.volume_by_day)]
        parts += [one[:, places] for one in (times.spend_by_hour, times.volume_by_hour)]
        kept = [part.copy() for part in parts]
        for hour in hours:
            found.append(hour.look.known(times if self.changed else None))
            self.live(hour, response)
        for part, before in zip(parts, kept, strict=True):
            part[:] = before
        return found

    def foresee(
        self,
        hours: int,
        windows: Mapping[tuple[Over, int], Window],
        groups: Mapping[Over, Ints],
        paces: Mapping[Over, Pace],
    ) -> Foreseen:
        """Hold the rules against hours to come, as if nothing were changed until then.

        Args:
            hours: How many; the others as `standing_of` has them, the rows of each hour behind those of the one before.
            windows: Figures.
            groups: Whose they are.
            paces: Where the month is heading.
        """
        assert self._bare is not None, "a course begins with a book"
        budgets, active = np.array(self.book.budgets, np.int64), np.array(self.book.running, bool)
        standing = replace(
            self._bare,
            campaigns=[*self._bare.campaigns] * hours,
            currencies=[*self._bare.currencies] * hours,
            budget_micros=np.tile(budgets, hours),
            active=np.tile(active, hours),
            windows=windows,
            groups=groups,
            paces=paces,
        )
        behind = np.arange(hours)[:, None] * len(budgets)
        wheres = [(behind + one.where).ravel() for one in self._assignments]
        each = zip(self._assignments, wheres, strict=True)
        return Foreseen(standing, [recommend_choice(one.rule, standing, where) for one, where in each])

    @property
    def assigned(self) -> list[Rule]:
        """The rules that are for any campaign."""
        return [one.rule for one in self._assignments]

    def decide(self, hour: Hour, foreseen: Foreseen, nth: int) -> bool:
        """Make the changes that rules ask for in an hour and that limits and guardrails let pass; say whether any.

        What a person would be asked for is taken as approved.

        Args:
            hour: Which hour.
            foreseen: What rules ask for in hours of which it is one, none before it having changed anything.
            nth: Its place among them.
        """
        wishes: dict[AccountRef, list[_Wish]] = defaultdict(list)
        standing = replace(foreseen.standing, at=hour.at)
        for one, choice in zip(self._assignments, foreseen.choices, strict=True):
            for wish in self._wishes(one, choice, standing, nth):
                wishes[wish.campaign.account].append(wish)
        before = len(self.fired)
        for ref, asked in wishes.items():
            stops = any(wish.choice.action(wish.nth) is BudgetAction.PAUSE for wish in asked)
            scene = self._scene(hour.at, ref, hour.facts_until[ref], [wish.place for wish in asked])
            self._draft(scene, asked, hour.top(ref) if stops else ())
        return len(self.fired) > before

    def live(self, hour: Hour, response: SpendResponse | None) -> None:
        """Live through an hour: what is spent in it, and what comes of it, against what really was.

        Args:
            hour: Which hour.
            response: How results follow spend; None for no feedback.
        """
        days, weights = hour.days, hour.weights
        everyone = np.arange(len(weights))
        before = self.lived[everyone, days]
        self.lived[everyone, days] += weights
        if response is None:
            return
        if self._pace is None:
            ratio = self._ratios()
            self._pace = ratio, response.volume(ratio)
            self.changed |= bool((ratio != 1).any())
        if not self.changed:
            return
        ratio, volume = self._pace
        times = self.times
        times.spend_by_hour[:, hour.place], times.volume_by_hour[:, hour.place] = ratio, volume
        share = np.divide(weights, before + weights, out=np.zeros(len(ratio)), where=before + weights > 0)
        for by_day, now in ((times.spend_by_day, ratio), (times.volume_by_day, volume)):
            by_day[everyone, days] += share * (now - by_day[everyone, days])

    def _ratios(self) -> Floats:
        """Return how many times its real budget each campaign may spend."""
        own, real = np.array(self.book.budgets, np.float64), np.array(self._told[0], np.float64)
        runs, ran = np.array(self.book.running, bool), np.array(self._told[1], bool)
        ratio = np.divide(own, real, out=np.ones(len(own)), where=real > 0)
        return np.where(ran, np.where(runs, ratio, 0.0), 1.0)

    def _wishes(self, one: Assignment, choice: Choice, standing: Standing, nth: int) -> list[_Wish]:
        begin = nth * len(one.where)
        acting = np.flatnonzero(choice.acts[begin : begin + len(one.where)])
        explainer = Explainer(choice, standing, one.origin)
        asked = zip((begin + acting).tolist(), one.where[acting].tolist(), strict=True)
        every = [_Wish(choice, nth, place, standing.campaigns[place].ref, explainer) for nth, place in asked]
        free = [wish for wish in every if not self._rests(one.rule, wish.campaign, standing.at)]
        self.rested += len(every) - len(free)
        return free

    def _rests(self, rule: Rule, campaign: CampaignRef, at: datetime) -> bool:
        """Say whether a cool-down, the platform's spacing or the day's number of changes surely stands in the way."""
        sent = self._sent.get(campaign)
        if not sent:
            return False
        most = rule.max_changes_per_day
        hours = max(rule.cooldown_hours, PLATFORM_TERMS[campaign.platform].spacing_hours)
        lately = sum(earlier.at > at - timedelta(hours=DAY_HOURS) for earlier in sent[-most:])
        return sent[-1].at > at - timedelta(hours=hours) or lately >= most

    def _scene(self, at: datetime, ref: AccountRef, facts_until: datetime | None, places: Sequence[int]) -> Scene:
        """Return how an account stands; of what was sent, only what was to some of its campaigns."""
        known = self._known[ref]
        sent = {}
        for place in places:
            campaign = self.book.campaigns[place].ref
            if campaign in self._sent:
                *earlier, last = self._sent[campaign]
                sent[campaign] = (*(one for one in earlier if one.at > at - MEMORY), last)
        committed = self._committed[ref]
        return Scene(at, replace(self.book.accounts[ref], armed=True), known, facts_until, "", committed, {}, sent)

    def _draft(self, scene: Scene, wishes: Sequence[_Wish], top: Collection[CampaignRef]) -> None:
        """Put wishes through limits and guardrails, one after the other as they are recorded live."""
        made: list[tuple[_Wish, Change]] = []
        clock: dict[Choice, Hashable] = {}
        for wish in wishes:
            if wish.choice not in clock:
                clock[wish.choice] = _clock(wish, scene)
            vetoes = self._vetoes(wish, scene, top, clock[wish.choice])
            self.vetoes.update(vetoes)
            if not vetoes:
                told = replace(wish.proposal(), reason=wish.explainer.reason(wish.nth))
                change = draft_change(scene, told, actor=ACTOR, top_spenders=top)
                assert change.state in OPEN, "words make no difference to limits and guardrails"
                scene = scene.with_change(change)
                made.append((wish, change))
        for wish, change in made:
            self._make(wish, change)

    def _vetoes(self, wish: _Wish, scene: Scene, top: Collection[CampaignRef], clock: Hashable) -> tuple[str, ...]:
        """Return what stands in the way of a wish; where nothing that matters has moved, what did before.

        What matters is what is asked of which state, the account's head-room, what the clock says, and how long ago
        something was sent; after a day only cool-downs and spacings still count that, and those let no wish get here.
        """
        campaign, choice = wish.campaign, wish.choice
        since = scene.now - timedelta(hours=DAY_HOURS)
        if lately := any(one.at > since for one in self._sent.get(campaign, ())[-1:]):
            self._stopped.pop(wish.place, None)
        room = choice.amounts.max_daily_spend_limit - scene.committed_micros
        asked = choice.rule, int(choice.row[wish.nth]), int(choice.target_micros[wish.nth]), scene.known[campaign].state
        told = (*asked, max(room, 0), campaign in top, clock)
        before, vetoes = self._stopped.get(wish.place, (None, ()))
        if before != told:
            _, _, verdicts = judge_proposal(wish.proposal(), see(scene, campaign, top_spenders=top))
            vetoes = tuple(one.guardrail for one in verdicts if one.outcome is Outcome.VETO)
            if not lately:
                self._stopped[wish.place] = told, vetoes
        return vetoes

    def _make(self, wish: _Wish, change: Change) -> None:
        book, at, place, rule = self.book, change.as_of, wish.place, wish.choice.rule
        budgets, running = list(book.budgets), list(book.running)
        budgets[place] = change.target.budget_daily_micros
        running[place] = change.target.status is Status.ACTIVE
        self._book, self._pace = replace(book, budgets=budgets, running=running), None
        self._known[change.campaign.account][change.campaign] = Known(change.target, at)
        self._committed[change.campaign.account] += change.prior.rise_to(change.target)
        self._sent[change.campaign].append(Sent(at, change.prior, change.target))
        stated = book.campaigns[place].target_roas
        self.fired.append(
            Fired(
                at=at,
                place=place,
                campaign=change.campaign,
                rule=rule.rule_name,
                action=change.action,
                prior=change.prior,
                target=change.target,
                currency=change.currency,
                reason=change.reason,
                asked=change.state is State.AWAITING_APPROVAL,
                target_roas=rule.roas_pause if stated is None else stated,
            )
        )


def _clock(wish: _Wish, scene: Scene) -> Hashable:
    """Return what the guardrails that look at the clock say of a choice's wishes at a moment."""
    proposal = wish.proposal()
    situation = see(scene, wish.campaign)
    return tuple(check(proposal, situation).outcome for check in WITH_THE_CLOCK)
