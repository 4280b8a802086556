"""How often somebody may try to sign in: per address, and per name, so that no password can be guessed."""

from __future__ import annotations

import time

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from adtempo.domain.errors import TooManyAttempts

PER_ADDRESS = RateLimitItemPerMinute(10)
PER_NAME = RateLimitItemPerHour(30)


class Attempts:
    """Counts attempts in memory: a restart forgets them, which a restart may."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check_attempt(self, request: Request, name: str) -> None:
        """Count one attempt to sign in.

        Raises:
            TooManyAttempts: The address or the name was tried too often lately.
        """
        address = request.client.host if request.client else "unknown"
        self._count(PER_ADDRESS, "address", address)
        self._count(PER_NAME, "name", name.strip().lower())

    def _count(self, limit: RateLimitItem, noun: str, who: str) -> None:
        if not self._limiter.hit(limit, noun, who):
            reset_at = self._limiter.get_window_stats(limit, noun, who).reset_time
            raise TooManyAttempts(max(1, round(reset_at - time.time())))
