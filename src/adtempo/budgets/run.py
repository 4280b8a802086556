"""The budget auto-scaler: evaluate every campaign, keep what was said, hand what was asked for to the road to money."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from adtempo.alerts.open import update_alerts
from adtempo.budgets import rulebook
from adtempo.budgets.check import Check, check_rules
from adtempo.budgets.dashboard import Dashboard, load_dashboard
from adtempo.budgets.evaluate import (
    Asked,
    Failure,
    doubt_for,
    evaluate_scene,
    preview_all,
    totals,
    vetoes_of,
    window_of,
    with_change,
)
from adtempo.budgets.load import Scene, load_ruled, load_scene
from adtempo.budgets.proposals import proposal_of
from adtempo.budgets.rules.base import Over, Rule
from adtempo.budgets.tell import NEWS, find_news
from adtempo.budgets.trust import claim_returns, load_doubts
from adtempo.changes.propose import propose_changes
from adtempo.domain.accounts import CampaignRef
from adtempo.domain.budgets import Evaluation, Snapshot, StoredRule
from adtempo.domain.changes import Change
from adtempo.domain.errors import InvalidInput, NotFound
from adtempo.domain.proposals import Proposal
from adtempo.facts.evaluations import load_evaluations
from adtempo.store import budgets as stored
from adtempo.store.accounts import find_account, find_campaign
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

SNAPSHOTS_KEPT = timedelta(days=30)
"""For how long it is remembered how campaigns stood at each run; the ledger remembers for ever."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """One campaign, evaluated and acted on as far as it may be.

    Attributes:
        evaluation: What was said of it.
        change: What became of what was asked for; None where nothing was.
    """

    evaluation: Evaluation
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What one run did.

    Attributes:
        name: Names it; a whole run can be reverted by it.
        window: The hour that it belongs to.
        evaluated: How many campaigns.
        known: How many had been evaluated in this window before and were left as they are.
        unruled: How many have no enabled rule.
        actions: How often each action was asked for.
        scaled: Campaigns of which a change was asked for.
        failures: What could not be evaluated.
        claims: How many claims were made that will be scored later.
    """

    name: str
    window: datetime
    evaluated: int
    known: int
    unruled: int
    actions: Mapping[str, int]
    scaled: tuple[Scaled, ...] = ()
    failures: tuple[Failure, ...] = ()
    claims: int = 0

    def with_changes(self, changes: Iterable[Change]) -> Run:
        """Return the run with its changes as they stand now."""
        now = {one.id: one for one in changes}
        return replace(
            self,
            scaled=tuple(
                Scaled(one.evaluation, now.get(one.change.id, one.change)) for one in self.scaled if one.change
            ),
        )

    @property
    def states(self) -> dict[str, int]:
        """How many changes stand where."""
        counted: dict[str, int] = {}
        for one in self.scaled:
            if one.change is not None:
                counted[one.change.state.value] = counted.get(one.change.state.value, 0) + 1
        return counted


@dataclass(frozen=True)
class BudgetAutoScaler:
    """Scales winners, cuts losers.

    Attributes:
        workspace: What is open.
    """

    workspace: Workspace = field(repr=False)

    def evaluate(
        self, campaign: str, *, rules: Sequence[Rule] | None = None, as_of: datetime | None = None
    ) -> Evaluation:
        """Say what a campaign's rule asks for, at any moment; nothing is proposed and nothing stored.

        Args:
            campaign: Its id, or platform:account:campaign.
            rules: Instead of the stored ones.
            as_of: What was known at this moment, aware; None for now.

        Raises:
            NotFound: There is no such campaign.
            InvalidInput: Its rule is disabled, or does not fit its currency.
        """
        return self.evaluate_all([campaign], rules=rules, as_of=as_of)[0]

    def evaluate_all(
        self,
        campaigns: Iterable[str] | None = None,
        *,
        rules: Sequence[Rule] | None = None,
        as_of: datetime | None = None,
    ) -> list[Evaluation]:
        """Say what the rules ask for of many campaigns, in the order of their ids; nothing is stored.

        Args:
            campaigns: Their ids, or platform:account:campaign; None for all.
            rules: Instead of the stored ones.
            as_of: What was known at this moment, aware; None for now.

        Raises:
            NotFound: There is no such campaign.
            InvalidInput: A named campaign's rule is disabled, or a rule does not fit a currency.
        """
        refs = None if campaigns is None else self._find(campaigns)
        then = self.workspace if as_of is None else replace(self.workspace, pretended_now=as_of)
        scene = load_scene(then, at=then.now(), rules=rules, campaigns=refs)
        self._check_ruled(scene, refs)
        asked, failures = evaluate_scene(scene)
        if failures:
            raise InvalidInput("; ".join(failure.message for failure in failures))
        asked.sort(key=lambda one: one.evaluation.campaign)
        return preview_all(then, asked, load_doubts(then, then.now()), actor=then.actor)

    def scale(self, campaigns: Iterable[str], *, actor: str) -> list[Scaled]:
        """Evaluate some campaigns, keep what was said, and propose what was asked for.

        Args:
            campaigns: Their ids, or platform:account:campaign.
            actor: Who asks.

        Raises:
            NotFound: There is no such campaign.
            InvalidInput: A campaign's rule is disabled, or a rule does not fit a currency.
        """
        refs = self._find(campaigns)
        now = self.workspace.now()
        scene = load_scene(self.workspace, at=now, campaigns=refs)
        self._check_ruled(scene, refs)
        asked, failures = evaluate_scene(scene)
        if failures:
            raise InvalidInput("; ".join(failure.message for failure in failures))
        asked.sort(key=lambda one: one.evaluation.campaign)
        return self._propose(asked, f"asked {now:%Y-%m-%dT%H:%M:%SZ}", actor)

    def propose_again(self, change: Change) -> Proposal | None:
        """Return what a change would be if it were proposed now; None where its rule asks for nothing any more."""
        now = self.workspace.now()
        asked, _ = evaluate_scene(load_scene(self.workspace, at=now, campaigns={change.campaign}))
        if not asked or not asked[0].choice.acts[asked[0].place]:
            return None
        one = asked[0]
        doubt = doubt_for(one.evaluation, load_doubts(self.workspace, now))
        return proposal_of(one.evaluation, one.choice, one.place, window=window_of(now), doubt=doubt, run=change.run)

    def name_campaigns(self, campaigns: Iterable[str], account: str | None) -> list[str]:
        """Return campaigns named in full, each of an account where one is named.

        Raises:
            NotFound: There is no such campaign or account, or the campaign is of another account.
        """
        with reading(self.workspace.engine) as connection:
            owner = None if account is None else find_account(connection, account).ref
            refs = [
                find_campaign(connection, text if owner is None or ":" in text else f"{owner}:{text}")
                for text in campaigns
            ]
        strangers = [ref for ref in refs if owner is not None and ref.account != owner]
        if strangers:
            raise NotFound(f"campaign {strangers[0]} is not one of account {owner}")
        return [str(ref) for ref in refs]

    def run(self, *, actor: str) -> Run:
        """Do one window's work: snapshot, evaluate every running campaign with an enabled rule, propose, tell.

        A second run of the same window finds everything done.

        Args:
            actor: Who runs it.
        """
        now = self.workspace.now()
        window, name = window_of(now), f"hourly {window_of(now):%Y-%m-%dT%H:%MZ}"
        scene = load_scene(self.workspace, at=now)
        with reading(self.workspace.engine) as connection:
            done = stored.load_evaluated(connection, window)
        left = _leave_out(scene, done)
        asked, failures = evaluate_scene(left)
        self._keep_snapshots(left, window)
        scaled = self._propose(asked, name, actor)
        self._tell(scaled, window)
        return Run(
            name=name,
            window=window,
            evaluated=len(asked),
            known=len(done),
            unruled=len(scene.unruled),
            actions=totals(asked),
            scaled=tuple(one for one in scaled if one.change is not None),
            failures=tuple(failures),
            claims=claim_returns(self.workspace, scene.accounts.values(), at=now, actor=actor),
        )

    def check(self, rules: Sequence[Rule] | None = None) -> Check:
        """Find what is wrong with rules, and prove the most that accounts can spend under them.

        Args:
            rules: Instead of the stored ones.

        Raises:
            InvalidInput: A rule's amounts do not fit an account's currency.
        """
        return check_rules(*load_ruled(self.workspace, rules))

    def load_dashboard(self, days: int = 7) -> Dashboard:
        """Say what automation did in the last days, what it moved, and how right it was."""
        return load_dashboard(self.workspace, days)

    def load_evaluations(
        self, campaign: str | None = None, *, since: datetime | None = None, limit: int | None = None
    ) -> list[tuple[int, Evaluation]]:
        """Return what was said of campaigns, with its numbers, the newest first.

        Raises:
            NotFound: There is no such campaign.
        """
        with reading(self.workspace.engine) as connection:
            ref = None if campaign is None else find_campaign(connection, campaign)
        return load_evaluations(self.workspace.ledger, since=since, campaign=ref, limit=limit)

    def load_rules(self) -> list[StoredRule]:
        """Return the stored rules, in their order."""
        return rulebook.load_rules(self.workspace)

    def load_rule(self, rule_id: int) -> StoredRule:
        """Return one rule as it is now."""
        return rulebook.load_rule(self.workspace, rule_id)

    def add_rules(self, rules: Sequence[Rule], *, actor: str) -> list[StoredRule]:
        """Store new rules: all of them, or none."""
        return rulebook.add_rules(self.workspace, rules, actor=actor)

    def change_rule(self, rule_id: int, changes: Mapping[str, Any], *, actor: str) -> StoredRule:
        """Write a new version of a rule."""
        return rulebook.change_rule(self.workspace, rule_id, changes, actor=actor)

    def remove_rule(self, rule_id: int, *, actor: str) -> StoredRule:
        """Take a rule away; its versions stay."""
        return rulebook.remove_rule(self.workspace, rule_id, actor=actor)

    def _find(self, campaigns: Iterable[str]) -> set[CampaignRef]:
        with reading(self.workspace.engine) as connection:
            found = {find_campaign(connection, text) for text in campaigns}
        if not found:
            raise NotFound("no campaign was named; name at least one")
        return found

    def _check_ruled(self, scene: Scene, refs: Collection[CampaignRef] | None) -> None:
        if refs is not None and scene.unruled:
            named = scene.standing.campaigns[scene.unruled[0]].ref
            raise InvalidInput(
                f"the rules for campaign {named} are disabled; enable one: adtempo budgets rules set RULE enabled=true"
            )

    def _propose(self, asked: Sequence[Asked], run: str, actor: str) -> list[Scaled]:
        """Keep what was said, propose what was asked for, and note what could not be done."""
        if not asked:
            return []
        window = window_of(asked[0].evaluation.at)
        doubts = load_doubts(self.workspace, asked[0].evaluation.at)
        with transaction(self.workspace.engine) as connection:
            numbers = stored.insert_evaluations(connection, [one.evaluation for one in asked], window=window, run=run)
        acting = [place for place, one in enumerate(asked) if one.choice.acts[one.place]]
        proposals = [
            proposal_of(
                one.evaluation,
                one.choice,
                one.place,
                window=window,
                doubt=doubt_for(one.evaluation, doubts),
                run=run,
                evaluation_id=numbers.get(one.evaluation.campaign),
            )
            for one in (asked[place] for place in acting)
        ]
        changes = dict(zip(acting, propose_changes(self.workspace, proposals, actor=actor), strict=True))
        with transaction(self.workspace.engine) as connection:
            stored.update_vetoes(
                connection,
                {
                    numbers[change.campaign]: vetoes
                    for change in changes.values()
                    if change.campaign in numbers and (vetoes := vetoes_of(change))
                },
            )
        return [
            Scaled(with_change(one.evaluation, changes[place]), changes[place])
            if place in changes
            else Scaled(one.evaluation)
            for place, one in enumerate(asked)
        ]

    def _keep_snapshots(self, scene: Scene, window: datetime) -> None:
        standing, found = scene.standing, []
        for one in scene.assignments:
            hours = one.rule.window_hours
            table = standing.windows[Over.CAMPAIGN, hours].matured
            for place in one.where:
                campaign = standing.campaigns[place]
                final = float(table.conversion_value.value[place])
                found.append(
                    Snapshot(
                        campaign=campaign.ref,
                        window=window,
                        batch=standing.batch,
                        hours=hours,
                        status=campaign.status,
                        budget_daily_micros=int(standing.budget_micros[place]) or None,
                        figures=table.facts.quantities(place),
                        conversion_value_expected_micros=None if np.isnan(final) else round(final * 1e6),
                    )
                )
        with transaction(self.workspace.engine) as connection:
            stored.insert_snapshots(connection, found)
            stored.delete_snapshots(connection, window - SNAPSHOTS_KEPT)

    def _tell(self, scaled: Sequence[Scaled], window: datetime) -> None:
        """Open an alert for every pause and every large change; those of the run before have been heard."""
        fresh = [one.change for one in scaled if one.change is not None and one.change.window == window]
        settings = self.workspace.settings
        news = find_news(fresh, settings.tell_above, settings.public_url)
        with transaction(self.workspace.engine) as connection:
            update_alerts(connection, news, alert_types={NEWS}, accounts=None, now=self.workspace.now())


def _leave_out(scene: Scene, done: Collection[CampaignRef]) -> Scene:
    """Return a scene without the campaigns that are done, and without those that do not run."""
    standing = scene.standing
    assignments = []
    for one in scene.assignments:
        where = [place for place in one.where if standing.active[place] and standing.campaigns[place].ref not in done]
        if where:
            assignments.append(replace(one, where=np.array(where, np.int64)))
    return replace(scene, assignments=tuple(assignments))
