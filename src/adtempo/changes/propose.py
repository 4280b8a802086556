"""Taking proposals in: limits, guardrails, one row each; nothing is sent here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from adtempo.changes.assemble import Scene, find_top_spenders, load_scene, see
from adtempo.changes.digest import digest_of
from adtempo.changes.guardrails import check_all
from adtempo.changes.lifecycle import first_state
from adtempo.changes.limits import clamp
from adtempo.changes.situation import Situation
from adtempo.changes.trail import record_changes
from adtempo.domain.accounts import AccountRef, CampaignRef
from adtempo.domain.changes import OPEN, Approval, Change, State
from adtempo.domain.policies import Policy
from adtempo.domain.proposals import Proposal
from adtempo.domain.verdicts import Outcome, Verdict
from adtempo.store import changes as stored
from adtempo.store.accounts import load_account
from adtempo.store.engine import reading, transaction

if TYPE_CHECKING:
    from adtempo.workspace import Workspace

BY_POLICY = "policy"
"""Who approved what its policy lets pass without a person."""


def propose_changes(workspace: Workspace, proposals: Iterable[Proposal], *, actor: str) -> list[Change]:
    """Record proposals and return where each stands; a second one of a campaign, policy and window is the first.

    Those of an account that is not armed become suggestions. What is suggested, or vetoed, already is not recorded a
    second time: the wish that stands is returned, with what limits and guardrails say of it now. All of an account are
    recorded in one transaction.

    Args:
        workspace: What is open.
        proposals: What capabilities wish for.
        actor: Who proposes: a person, or a job.

    Raises:
        NotFound: There is no such account.
    """

    def record(wanted: Sequence[Proposal], top: Collection[CampaignRef]) -> list[Change]:
        with transaction(workspace.engine) as connection:
            return record_proposals(connection, wanted, actor=actor, now=workspace.now(), top_spenders=top)

    return _each_account(workspace, proposals, record)


def preview_changes(workspace: Workspace, proposals: Iterable[Proposal], *, actor: str) -> list[Change]:
    """Return what would be recorded of each proposal by itself, without recording anything; their number is 0.

    Raises:
        NotFound: There is no such account.
    """

    def draft(wanted: Sequence[Proposal], top: Collection[CampaignRef]) -> list[Change]:
        with reading(workspace.engine) as connection:
            scene = load_scene(connection, wanted[0].campaign.account, now=workspace.now(), past=True)
        return [draft_change(scene, proposal, actor=actor, top_spenders=top) for proposal in wanted]

    return _each_account(workspace, proposals, draft)


def _each_account(
    workspace: Workspace,
    proposals: Iterable[Proposal],
    work: Callable[[Sequence[Proposal], Collection[CampaignRef]], list[Change]],
) -> list[Change]:
    asked = list(proposals)
    by_account: dict[AccountRef, list[int]] = {}
    for place, proposal in enumerate(asked):
        by_account.setdefault(proposal.campaign.account, []).append(place)
    found: dict[int, Change] = {}
    for ref, places in by_account.items():
        wanted = [asked[place] for place in places]
        found.update(zip(places, work(wanted, _top_spenders(workspace, ref, wanted)), strict=True))
    return [found[place] for place in range(len(asked))]


def record_proposals(
    connection: Connection,
    proposals: Sequence[Proposal],
    *,
    actor: str,
    now: datetime,
    top_spenders: Collection[CampaignRef] = (),
) -> list[Change]:
    """Record the proposals of one account in the caller's transaction.

    Args:
        connection: Of a writing transaction.
        proposals: All of one account.
        actor: Who proposes.
        now: The moment, aware.
        top_spenders: The largest campaigns of the account.
    """
    account = proposals[0].campaign.account
    stored.lock_account(connection, account)
    scene = load_scene(connection, account, now=now)
    known = stored.load_windows(connection, account, {proposal.window for proposal in proposals})
    made = {_key(change, change.policy_key): change for change in known}
    wished = {proposal.campaign for proposal in proposals}
    standing = {_wish(change): change for change in stored.list_standing(connection, account, wished, at=now)}
    for several in _of_different_campaigns(proposals):
        drafted = []
        for proposal in several:
            key = _key(proposal, proposal.policy.key)
            if key not in made:
                change = draft_change(scene, proposal, actor=actor, top_spenders=top_spenders)
                if (same := standing.get(_wish(change))) is not None:
                    made[key] = replace(same, verdicts=change.verdicts, limits=change.limits)
                    continue
                drafted.append(change)
                scene = scene.with_change(change) if change.state in OPEN else scene
        for change in record_changes(connection, drafted, actor=actor, at=now) if drafted else ():
            made[_key(change, change.policy_key)] = change
            scene = scene.with_change(change) if change.state in OPEN else scene
    return [made[_key(proposal, proposal.policy.key)] for proposal in proposals]


def _key(one: Proposal | Change, policy_key: str) -> tuple[CampaignRef, str, datetime]:
    """Return what there is at most one change of."""
    return one.campaign, policy_key, one.window


def _wish(change: Change) -> Hashable:
    """Return what makes a wish that goes nowhere the same one again: what is asked for, and who vetoes it."""
    vetoes = frozenset(verdict.guardrail for verdict in change.verdicts if verdict.outcome is Outcome.VETO)
    asked = change.action, change.prior, change.target, change.asked_budget_micros
    return change.campaign, change.policy_key, *asked, change.state, vetoes


def _of_different_campaigns(proposals: Iterable[Proposal]) -> Iterable[list[Proposal]]:
    """Split proposals so that a second one of a campaign meets the first one recorded, with its number."""
    rounds: dict[int, list[Proposal]] = {}
    met: Counter[CampaignRef] = Counter()
    for proposal in proposals:
        rounds.setdefault(met[proposal.campaign], []).append(proposal)
        met[proposal.campaign] += 1
    return rounds.values()


def draft_change(scene: Scene, proposal: Proposal, *, actor: str, top_spenders: Collection[CampaignRef] = ()) -> Change:
    """Return what a proposal becomes: clamped by the limits, judged by the guardrails.

    Args:
        scene: Its account.
        proposal: What is wished for.
        actor: Who proposes.
        top_spenders: The largest campaigns of the account.
    """
    situation = see(scene, proposal.campaign, top_spenders=top_spenders)
    within, limits, verdicts = judge_proposal(proposal, situation)
    policy, now = proposal.policy, scene.now
    change = Change(
        id=0,
        campaign=proposal.campaign,
        action=proposal.action,
        prior=proposal.prior,
        target=within.target,
        asked_budget_micros=proposal.target.budget_daily_micros,
        currency=proposal.currency,
        policy_key=policy.key,
        policy_title=policy.title,
        policy=write_policy(policy),
        window=proposal.window,
        state=first_state(verdicts, armed=scene.account.armed),
        reason=proposal.reason,
        evidence=proposal.evidence,
        verdicts=verdicts,
        limits=limits,
        digest="",
        actor=actor,
        as_of=proposal.as_of,
        batch=proposal.batch,
        created_at=now,
        expires_at=now + timedelta(hours=policy.approval_hours),
        account_after_micros=situation.committed_micros + max(within.rise_micros, 0),
        impressions=proposal.impressions,
        doubt=proposal.doubt,
        evaluation_id=proposal.evaluation_id,
        run=proposal.run,
        reverts=proposal.reverts,
    )
    change = replace(change, digest=digest_of(change))
    if change.state is State.APPROVED:
        return replace(change, approval=Approval(BY_POLICY, now, change.digest))
    return replace(change, finished_at=now) if change.state is State.BLOCKED else change


def judge_proposal(proposal: Proposal, situation: Situation) -> tuple[Proposal, tuple[str, ...], tuple[Verdict, ...]]:
    """Return a proposal within its limits, what these did, and what limits and guardrails say of it.

    Args:
        proposal: What is wished for.
        situation: How things stand around its campaign.
    """
    clamped, limits = clamp(proposal, situation)
    within = clamped or proposal
    verdicts = check_all(within, situation)
    if clamped is None:
        reason, advice = "its limits leave nothing of the change", "Widen the limit that is named, or wait."
        verdicts += (Verdict("limits", Outcome.VETO, reason, advice),)
    return within, limits, verdicts


def write_policy(policy: Policy) -> dict[str, Any]:
    """Return a policy as JSON values."""
    stated = {field.name: getattr(policy, field.name) for field in fields(policy)}
    return {**stated, "quiet_hours": list(policy.quiet_hours)}


def read_proposal(change: Change) -> Proposal:
    """Return the proposal that a change stands for, as it was recorded."""
    policy = Policy(**{**change.policy, "quiet_hours": tuple(change.policy["quiet_hours"])})
    return Proposal(
        campaign=change.campaign,
        action=change.action,
        prior=change.prior,
        target=change.target,
        currency=change.currency,
        policy=policy,
        window=change.window,
        reason=change.reason,
        as_of=change.as_of,
        batch=change.batch,
        evidence=change.evidence,
        impressions=change.impressions,
        doubt=change.doubt,
        evaluation_id=change.evaluation_id,
        run=change.run,
        reverts=change.reverts,
    )


def _top_spenders(workspace: Workspace, ref: AccountRef, proposals: Iterable[Proposal]) -> frozenset[CampaignRef]:
    if not any(proposal.is_pause for proposal in proposals):
        return frozenset()
    with reading(workspace.engine) as connection:
        account = load_account(connection, ref)
    return find_top_spenders(workspace.ledger, account, now=workspace.now())
