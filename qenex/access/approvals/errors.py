"""What can stand against asking, approving, rejecting and withdrawing, each with the code that clients see."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from qenex.kernel import problems
from qenex.kernel.problems import Problem

APPROVAL_REQUIRED = problems.register(
    "approval_required",
    422,
    "A second person must approve it",
    "Nothing was done. Ask for it by itself, and the answer is 202 with the approval that somebody else may give.",
)
OWN_APPROVAL = problems.register(
    "own_approval",
    403,
    "Nobody decides about his own request",
    "Another person with the needed permission approves or rejects it; whoever asked for it may withdraw it.",
)
APPROVAL_DECIDED = problems.register(
    "approval_decided", 409, "It was decided before", "A request is decided once; read it again to see how."
)
APPROVAL_EXPIRED = problems.register(
    "approval_expired", 409, "The time to approve it is over", "Ask for it again, under a new id."
)
APPROVAL_REUSED = problems.register(
    "approval_reused",
    409,
    "The id belongs to another request",
    "Something else, or somebody else, waits or waited for approval under this id: choose a new one.",
)


class ApprovalRequired(Exception):
    """The command was not carried out: it takes a second person. Holds all that `request` needs to ask for it."""

    def __init__(
        self, command: str, payload: Mapping[str, Any], *, book: UUID | None = None, key: str = "", reason: str = ""
    ) -> None:
        super().__init__("a second person must approve it")
        self.command, self.payload, self.book, self.key, self.reason = command, payload, book, key, reason


class ApprovalError(Exception):
    """Nothing was changed."""


class OwnRequest(ApprovalError):
    """The requester may not decide."""


class NotAllowed(ApprovalError):
    """The person lacks a permission, or is no longer active."""


class Decided(ApprovalError):
    """Somebody was faster."""


class Expired(ApprovalError):
    """The time is over."""


class Reused(ApprovalError):
    """There is a request under the same id for something else."""


problems.translate(ApprovalRequired, lambda error: Problem(APPROVAL_REQUIRED))
problems.translate(OwnRequest, lambda error: Problem(OWN_APPROVAL))
problems.translate(NotAllowed, lambda error: Problem(problems.PERMISSION_DENIED, str(error)))
problems.translate(Decided, lambda error: Problem(APPROVAL_DECIDED))
problems.translate(Expired, lambda error: Problem(APPROVAL_EXPIRED))
problems.translate(Reused, lambda error: Problem(APPROVAL_REUSED))
