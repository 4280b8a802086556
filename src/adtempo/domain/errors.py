"""What can go wrong when someone asks for something.

The docstring of a class is its default message, so this file is the catalogue of errors. `kind` says what sort of
problem it is (the API maps it to an HTTP status, the command line to an exit code; this module knows neither), and
`retryable` says whether the same call may succeed later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from inspect import cleandoc


class Kind(StrEnum):
    """The sorts of problem, each with one meaning on every edge."""

    INVALID = "invalid"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    UNKNOWN_OUTCOME = "unknown_outcome"


class AdtempoError(Exception):
    """Something that was asked for could not be done."""

    kind: Kind = Kind.INVALID
    retryable: bool = False

    def __init__(self, message: str | None = None) -> None:
        self.message = message or cleandoc(self.__doc__ or "").splitlines()[0]
        super().__init__(self.message)


class InvalidInput(AdtempoError):
    """The input is not valid."""


class CurrenciesMixed(InvalidInput):
    """Amounts of several currencies cannot be added; convert them at imported rates, or ask for those of one."""

    def __init__(self, currencies: Sequence[str]) -> None:
        self.currencies = tuple(currencies)
        super().__init__(
            f"amounts in {' and '.join(currencies)} cannot be added; import exchange rates first (adtempo import rates "
            f"FILE) and ask for one currency (adtempo roas --currency {currencies[0]}), or ask for accounts of one"
        )


class CaptionsExhausted(InvalidInput):
    """The bank has too few captions that have rested; import more, or plan later."""


class PastStart(InvalidInput):
    """The week begins in the past; choose today or a later day."""


class WeekInfeasible(InvalidInput):
    """The messages of this week do not fit the conditions of the page."""


class NotFound(AdtempoError):
    """There is no such thing here."""

    kind = Kind.NOT_FOUND


class Forbidden(AdtempoError):
    """You may not do this."""

    kind = Kind.FORBIDDEN


class AddressRefused(Forbidden):
    """The address is private; an admin may allow it for a channel of its own."""


class SignInRefused(Forbidden):
    """The name or the password is wrong."""


class SignInRequired(Forbidden):
    """Sign in first."""


class SignInAgain(SignInRequired):
    """Sign in again: deciding about money needs a sign-in of the last half hour."""


class TooManyAttempts(Forbidden):
    """That was tried too often."""

    retryable = True

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"that was tried too often; wait {wait_seconds} seconds")


class Conflict(AdtempoError):
    """This contradicts what is already known."""

    kind = Kind.CONFLICT


class AccountChanged(Conflict):
    """The account is already known with another time zone or currency."""


class ScheduleOverlaps(Conflict):
    """The page has a schedule for one of these days already; add --replace to plan it anew."""

    def __init__(self, page_name: str, schedule_ids: Sequence[str]) -> None:
        self.schedule_ids = tuple(schedule_ids)
        super().__init__(
            f"page {page_name} has a schedule for one of these days already ({', '.join(schedule_ids)}); "
            "choose another start, or add --replace to plan them anew"
        )


class CaptionsTaken(Conflict):
    """Another schedule locked one of these captions in the meantime; try again."""

    retryable = True


class ApprovalExpired(Conflict):
    """The change waited too long; the next window decides anew."""


class ChangeMoved(Conflict):
    """The change is not what was shown any more; look at it again."""


class ChangesHalted(Conflict):
    """All changes are halted; an admin lets them go on: adtempo changes resume."""


class LeaseBusy(Conflict):
    """Another process is working on this at the moment; try again soon."""

    retryable = True


class LeaseLost(Conflict):
    """Another process took over this work in the meantime; nothing was written."""

    retryable = True


class LedgerDamaged(AdtempoError):
    """A file of the fact ledger is missing or damaged; copy it back from a backup."""

    kind = Kind.UNAVAILABLE

    def __init__(self, path: str, trouble: str) -> None:
        self.path = path
        super().__init__(
            f"ledger file {path} {trouble}; copy it back from the folder ledger/ of a backup, "
            "or restore the backup into an empty home: adtempo db restore FOLDER"
        )


class DatabaseUnavailable(AdtempoError):
    """The operational database cannot be reached at the moment."""

    kind = Kind.UNAVAILABLE
    retryable = True


class MessageNotDelivered(AdtempoError):
    """The channel did not take the message; it can be sent again."""

    kind = Kind.UNAVAILABLE
    retryable = True


class PlatformUnavailable(AdtempoError):
    """The ad platform cannot be reached at the moment."""

    kind = Kind.UNAVAILABLE
    retryable = True


class PlatformRejected(AdtempoError):
    """The ad platform refused the change; nothing was changed there."""


class PlatformOutcomeUnknown(AdtempoError):
    """The ad platform gave no definite answer: the change may have been made or not; read back, never resend."""

    kind = Kind.UNKNOWN_OUTCOME


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one place of a file.

    Attributes:
        file: Name of the file as the user gave it.
        row: Line number, the header being line 1; 0 when the whole file is meant.
        column: Column name as it stands in the file; empty when the whole row is meant.
        message: What is wrong and what to do about it.
    """

    file: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.row or "", self.column) if part != "")
        return f"{place}: {self.message}"


class BadRows(InvalidInput):
    """The file has rows that cannot be imported."""

    def __init__(self, problems: Sequence[Problem], total: int) -> None:
        self.problems = tuple(problems)
        self.total = total
        done = "nothing was imported. Mend the file, or import the rest with --skip-bad rejects.csv"
        super().__init__(_listed(done, problems, total))


class BadFile(InvalidInput):
    """The file has places that cannot be read."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(_listed("nothing was written", problems[:PROBLEMS_SHOWN], len(problems)))


PROBLEMS_SHOWN = 20
"""So many problems of a file are listed; the rest is counted."""


def _listed(done: str, problems: Sequence[Problem], total: int) -> str:
    more = [f"... and {total - len(problems)} more"] if total > len(problems) else []
    return "\n".join([f"{total} problem{'' if total == 1 else 's'}; {done}", *map(str, problems), *more])
