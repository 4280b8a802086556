"""The audit log, and the proof that nobody rewrote it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from adtempo.api.access import READ, Open
from adtempo.api.bodies import Moment
from adtempo.api.pagination import LINK, Paged
from adtempo.store.audit import load_audit, verify_audit
from adtempo.store.engine import reading

router = APIRouter(prefix="/api/audit", tags=["audit"])


class EntryShown(BaseModel):
    """One entry of the audit log."""

    id: int
    at: Moment
    actor: str
    action: str = Field(examples=["account.added"])
    subject: str = Field(examples=["meta:act_1"])
    detail: dict[str, Any]
    previous_hash: str
    hash: str


class AuditShown(BaseModel):
    """Entries in the order in which they were written."""

    entries: list[EntryShown]


class Verified(BaseModel):
    """Whether the chain of hashes holds."""

    intact: bool
    problems: list[str]


@router.get("", responses={200: {"headers": LINK}}, openapi_extra=READ)
def list_audit(workspace: Open, pager: Paged) -> AuditShown:
    """List who did what."""
    with reading(workspace.engine) as connection:
        found = load_audit(connection, after=pager.number, limit=pager.limit + 1)
    entries = pager.cut(found, lambda entry: str(entry.id))
    shown = [EntryShown.model_validate(entry, from_attributes=True) for entry in entries]
    return AuditShown(entries=shown)


@router.get("/verify", openapi_extra=READ)
def verify(workspace: Open) -> Verified:
    """Check that no entry was changed, removed or inserted."""
    with reading(workspace.engine) as connection:
        problems = verify_audit(connection)
    return Verified(intact=not problems, problems=[str(problem) for problem in problems])
