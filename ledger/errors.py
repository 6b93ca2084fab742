"""What can go wrong with a command of the ledger, each with a code that never changes its meaning."""

from ledger.domain.results import DETAILS, Code, TransferResult


class LedgerError(Exception):
    """A command that was refused; nothing was written."""

    code = "ledger_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(LedgerError):
    """A value that the command cannot take. `field` names it."""

    code = "invalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(LedgerError):
    """A thing that the command names and that is not there."""

    code = "not_found"


class OutOfReach(LedgerError):
    """What concerns every book, commanded by somebody who reaches only some."""

    code = "out_of_reach"


class Conflict(LedgerError):
    """The present state does not allow the command."""

    code = "conflict"


class Stale(LedgerError):
    """Somebody else changed the thing since the caller read it."""

    code = "stale"

    def __init__(self) -> None:
        super().__init__("it was changed in the meantime; read it again")


class TransferRefused(LedgerError):
    """A transfer of a command that stands or falls as a whole was refused."""

    def __init__(self, result: TransferResult, position: int = 0) -> None:
        super().__init__(result.detail or DETAILS[result.code or Code.LINKED_FAILED])
        self.code = result.code or Code.LINKED_FAILED
        self.result = result
        self.position = position


def first_cause(results: list[TransferResult]) -> TransferRefused | None:
    """The refusal that made a linked order fail; none where it stands."""
    for position, result in enumerate(results):
        if not result.ok and result.code is not Code.LINKED_FAILED:
            return TransferRefused(result, position)
    return None
