"""A digest of exactly what is shown to whoever approves a change."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from adtempo.domain.changes import Change


def digest_of(change: Change) -> str:
    """Return the SHA-256 of what is shown of a change: everything but where it stands."""
    shown = {
        "campaign": str(change.campaign),
        "action": change.action,
        "prior": asdict(change.prior),
        "target": asdict(change.target),
        "asked_budget_micros": change.asked_budget_micros,
        "currency": change.currency,
        "policy": {"key": change.policy_key, "title": change.policy_title, "fields": dict(change.policy)},
        "window": change.window.isoformat(),
        "reason": change.reason,
        "evidence": dict(change.evidence),
        "verdicts": [verdict.as_values() for verdict in change.verdicts],
        "limits": list(change.limits),
        "actor": change.actor,
        "as_of": change.as_of.isoformat(),
        "batch": change.batch,
        "expires_at": change.expires_at.isoformat(),
        "reverts": change.reverts,
    }
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
