"""Commands whose transfers stand or fall together, answered once."""

from typing import Any

from ledger.api import wire
from ledger.approvals.submissions import needed
from ledger.domain.results import Code, TransferResult


def results_of(batch: Any) -> list[TransferResult]:
    """What became of the only submission of a posted batch, inside its transaction.

    Raises Problem where a transfer was refused, and ApprovalRequired, so that nothing of the answer is kept.
    """
    results: list[TransferResult] = batch.submissions[0].results
    ask(batch)
    if any(result.code is not None for result in results):
        raise wire.failure(results)
    return results


def ask(batch: Any) -> None:
    """Raises ApprovalRequired where the only submission of a batch takes a second person."""
    [submission] = batch.submissions
    if any(result.code is Code.APPROVAL_REQUIRED for result in submission.results):
        raise needed(batch.book, submission.drafts, submission.journal)


def journal_document(id: object, results: list[TransferResult]) -> dict[str, Any]:
    """The answer to a journal."""
    return {
        "id": str(id),
        "transfers": [wire.result_document(result) for result in results],
        "replayed": replayed(results),
    }


def replayed(results: list[TransferResult]) -> bool:
    """Whether all of it was there before."""
    return all(result.replayed for result in results)


def status_of(batch: Any) -> int:
    """201 for what is new, 200 for what was there before."""
    return 200 if replayed(batch.submissions[0].results) else 201
