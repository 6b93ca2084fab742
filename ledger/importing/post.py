"""What the ledger says to the lines of a batch."""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from django.db import connection

from ledger import services
from ledger.domain.drafts import TransferDraft
from ledger.domain.known import Known
from ledger.domain.results import Code, Status, TransferResult, refused
from ledger.engine import load, write
from ledger.errors import Invalid
from ledger.importing.lines import Line
from ledger.services.transfers import check
from qenex.kernel import transactions


class Answer(NamedTuple):
    """What became of a line."""

    status: Literal["posted", "held", "repeated", "refused"]
    code: str = ""
    message: str = ""


Pairs = Sequence[tuple[Line, TransferDraft]]
Answered = list[tuple[Line, TransferDraft, Answer | None]]


def compare(book: UUID, pairs: Pairs) -> Answered:
    """Which of the lines were posted before, or have an id that something else was posted under; none: new."""

    def command() -> dict[int, Known]:
        with connection.wrap_database_errors:
            cursor = write.open_cursor(connection.connection)
            return load.known(cursor, [draft.id for _, draft in pairs])

    known = transactions.run(command)
    return [(line, draft, _compared(known.get(draft.id.int), draft, book)) for line, draft in pairs]


def _compared(known: Known | None, draft: TransferDraft, book: UUID) -> Answer | None:
    if known is None:
        return None
    if known.same_as(draft, book, None):
        return Answer("repeated")
    return _answer(refused(draft.id, Code.ID_REUSED))


def post(book: UUID, pairs: Pairs) -> Answered:
    """Posts the lines, each for itself. Raises transactions.Busy."""
    drafts = [draft for _, draft in pairs]
    try:
        results = services.transfers_post(book=book, transfers=drafts)
    except Invalid:  # one of them fits no table; looking at each tells which
        return _post_valid(book, pairs)
    return [(line, draft, _answer(result)) for (line, draft), result in zip(pairs, results, strict=True)]


def _post_valid(book: UUID, pairs: Pairs) -> Answered:
    answered: Answered = []
    valid = []
    for line, draft in pairs:
        try:
            check(draft)
        except Invalid as error:
            answered.append((line, draft, Answer("refused", error.field, f"{error.field} {error.message}")))
        else:
            valid.append((line, draft))
    return answered + (post(book, valid) if valid else [])


def _answer(result: TransferResult) -> Answer:
    if not result.ok:
        return Answer("refused", str(result.code), result.detail)
    if result.replayed:
        return Answer("repeated")
    return Answer("held" if result.status is Status.HELD else "posted")
