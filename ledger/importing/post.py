"""What the ledger says to the lines of a batch."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection
from psycopg import Cursor

from ledger import services
from ledger.domain.drafts import TransferDraft
from ledger.domain.known import Known
from ledger.domain.results import Code, Status, TransferResult, refused
from ledger.engine import load
from ledger.errors import Invalid
from ledger.importing.lines import Line
from ledger.services.transfers import check
from qenex.kernel import transactions
from qenex.kernel.money import SCALE, format_units

T = TypeVar("T")


class Answer(NamedTuple):
    """What became of a line."""

    status: Literal["posted", "held", "repeated", "refused"]
    code: str = ""
    message: str = ""


_SEEN = """
SELECT id, book_id, debit_account_id, credit_account_id, amount::text, value_date, kind, code, reference, metadata,
       coalesce(journal_id, origin_id)
FROM ledger_transfer WHERE id = ANY(%b)
"""
Pairs = Sequence[tuple[Line, TransferDraft]]
Answered = list[tuple[Line, TransferDraft, Answer | None]]


def compare(book: UUID, pairs: Pairs) -> Answered:
    """Which of the lines were posted before, or have an id that something else was posted under; none: new."""
    ids = [draft.id for _, draft in pairs]
    seen = {row[0]: row[1:] for row in _read(lambda cursor: cursor.execute(_SEEN, (ids,), binary=True).fetchall())}
    alike = [seen.get(draft.id) == _content(book, draft) for _, draft in pairs]
    unlike = [id for id, same in zip(ids, alike, strict=True) if id in seen and not same]
    known = _read(lambda cursor: load.known(cursor, unlike)) if unlike else {}
    return [
        (line, draft, Answer("repeated") if same else _compared(known.get(draft.id.int), draft, book))
        for (line, draft), same in zip(pairs, alike, strict=True)
    ]


def _read(query: Callable[[Cursor[load.Row]], T]) -> T:
    """Runs a query in a transaction of its own, again where the database says so."""

    def command() -> T:
        with connection.wrap_database_errors:
            return query(load.open_cursor(connection.connection))

    return transactions.run(command)


def _compared(known: Known | None, draft: TransferDraft, book: UUID) -> Answer | None:
    if known is None:
        return None
    return Answer("repeated") if known.same_as(draft, book, None) else _answer(refused(draft.id, Code.ID_REUSED))


def _content(book: UUID, draft: TransferDraft) -> load.Row:
    """What a line's transfer has in the columns of _SEEN after its id, where it was posted as it is."""
    amount = format_units(draft.amount, SCALE)
    named = (book, draft.debit_account, draft.credit_account, amount, draft.value_date, int(draft.kind), draft.code)
    return (*named, draft.reference, draft.metadata, None)


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
