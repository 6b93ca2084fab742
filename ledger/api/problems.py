"""The ledger's problem codes, and which of its errors is which problem for the client."""

from ledger import errors
from ledger.domain.results import DETAILS, Code
from qenex.kernel import problems
from qenex.kernel.problems import Fault, Kind, Problem

_HELP: dict[Code, str] = {
    Code.ACCOUNT_CLOSED: "A closed account takes no transfers; name another one.",
    Code.ACCOUNT_FROZEN: "Nothing moves in or out until somebody opens the account again.",
    Code.ACCOUNT_NOT_FOUND: "Name accounts of the book that the transfer is posted in.",
    Code.AMOUNT_PRECISION: "Send no more decimals than the asset has; nothing is rounded.",
    Code.AMOUNT_RANGE: "An amount is positive, and no sum of an account reaches 10^20.",
    Code.ASSET_MISMATCH: "A transfer stays in one asset; use an exchange between two.",
    Code.BOOK_CLOSED: "A closed book takes no transfers until it is opened again.",
    Code.GATE_REFUSED: "`detail` says which limit or rule; a repetition will be judged again.",
    Code.HOLD_EXCEEDED: "Post or void no more than what the hold still has.",
    Code.HOLD_NOT_DUE: "Only what is out of time expires; void it instead.",
    Code.HOLD_NOT_FOUND: "Name a hold of the book by the id of its transfer.",
    Code.HOLD_RESOLVED: "A hold is posted, voided or expires once.",
    Code.ID_REUSED: "An id belongs to its first content for ever: repeat that, or choose a new id.",
    Code.INSUFFICIENT_FUNDS: "The account's available balance may not fall below its floor.",
    Code.LINKED_FAILED: "The transfers stand or fall together; `errors` points to those that were refused.",
    Code.REVERSAL_EXCEEDED: "What was reversed before counts.",
    Code.REVERSAL_NOT_POSSIBLE: "Only posted transfers of the book can be reversed.",
    Code.SAME_ACCOUNT: "Debit one account and credit another.",
    Code.SECOND_PERSON_REQUIRED: "Whoever was held up cannot let the transfer go on; another person can, or void it.",
}


def _refusal(code: Code) -> Kind:
    detail = DETAILS[code]
    known = problems.find(code.value)  # that of all commands which take a second person
    return known or problems.register(
        code.value, 409 if code is Code.ID_REUSED else 422, detail.rstrip("."), _HELP.get(code, detail)
    )


REFUSALS: dict[Code, Kind] = {code: _refusal(code) for code in Code}
"""The problem of each reason for which a transfer is refused."""

BOOK_NOT_FOUND = problems.register("book_not_found", 422, "There is no such book", "Name a book by its id or its code.")
ASSET_NOT_FOUND = problems.register(
    "asset_not_found", 422, "There is no such asset", "Name an asset by its id or its code."
)
ROLE_NOT_FOUND = problems.register("role_not_found", 422, "There is no such role", "Name a role by its name.")
CONFLICT = problems.register(
    "conflict", 409, "The present state does not allow it", "`detail` says what stands in the way."
)

_WHOLE_BODY = frozenset({"accounts", "fields"})
"""What the services name where no single field is wrong."""


def sentence(message: str) -> str:
    """A service's message as a sentence."""
    return f"{message[:1].upper()}{message[1:]}{'' if message.endswith('.') else '.'}"


def invalid(error: errors.Invalid) -> Problem:
    """The value that a service did not take, with a pointer to it."""
    pointer = "#" if error.field in _WHOLE_BODY else f"#/{error.field}"
    return Problem(problems.INVALID, faults=[Fault(error.code, sentence(error.message), pointer)])


def refused(error: errors.TransferRefused) -> Problem:
    """The refusal of the one transfer that a command made."""
    return Problem(REFUSALS[Code(error.code)], error.message)


problems.translate(errors.Invalid, invalid)
problems.translate(errors.NotFound, lambda error: Problem(problems.NOT_FOUND, sentence(error.message)))
problems.translate(errors.OutOfReach, lambda error: Problem(problems.PERMISSION_DENIED, sentence(error.message)))
problems.translate(errors.Conflict, lambda error: Problem(CONFLICT, sentence(error.message)))
problems.translate(errors.Stale, lambda error: Problem(problems.PRECONDITION_FAILED))
problems.translate(errors.TransferRefused, refused)
