"""How far the facts of accounts reach."""

from __future__ import annotations

from adtempo.facts.freshness import last_ended, last_heard_day, load_heard

__all__ = ["last_ended", "last_heard_day", "load_heard"]
