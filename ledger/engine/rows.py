"""A transfer as COPY's binary row and as the leaf of its event's tree."""

from collections.abc import Callable
from struct import Struct
from uuid import UUID

from ledger.domain import leaf
from ledger.domain.posting import Row
from ledger.engine.wire import EPOCH_DAYS, EPOCH_US, numeric
from qenex.kernel import canonical, merkle

COLUMNS = (
    "id, book_id, debit_account_id, credit_account_id, asset_id, amount, debit_balance, credit_balance, "
    "posted_at, value_date, kind, code, event_id, journal_id, origin_id, reference, metadata"
)
_IDS = Struct("!hi16si16si16si16si16s")
_FACTS = Struct("!iqiiihiii16s")
_UUID = Struct("!i16s")
_LENGTH = Struct("!i")
_NULL = _LENGTH.pack(-1)
_COUNT = 17
_JSONB_VERSION = b"\x01"


def encoder(book: UUID, event: UUID, journal: UUID | None) -> Callable[[Row], tuple[bytes, bytes]]:
    """A function from a transfer to its COPY row and its leaf hash."""
    book_id, event_id = book.bytes, event.bytes
    journal_id = journal.bytes if journal else leaf.NO_ID
    journal_field = _UUID.pack(16, journal.bytes) if journal else _NULL

    def encode(row: Row) -> tuple[bytes, bytes]:
        draft, kind, debit, credit, amount, debit_balance, credit_balance, posted_at_us, day, origin = row
        id = draft.id.bytes
        reference = draft.reference.encode()
        metadata = canonical.encode(draft.metadata) if draft.metadata else b""
        copied = b"".join(
            (
                _IDS.pack(_COUNT, 16, id, 16, book_id, 16, debit.id, 16, credit.id, 16, debit.asset),
                numeric(amount),
                numeric(debit_balance),
                numeric(credit_balance),
                _FACTS.pack(8, posted_at_us - EPOCH_US, 4, day - EPOCH_DAYS, 2, kind, 4, draft.code, 16, event_id),
                journal_field,
                _UUID.pack(16, origin) if origin else _NULL,
                _LENGTH.pack(len(reference)),
                reference,
                _LENGTH.pack(len(metadata) + 1) + _JSONB_VERSION + metadata if metadata else _NULL,
            )
        )
        leaf_bytes = leaf.encode(
            *(id, book_id, debit.id, credit.id, debit.asset, amount, debit_balance, credit_balance),
            *(posted_at_us, day, kind, draft.code, journal_id, origin or leaf.NO_ID, reference, metadata),
        )
        return copied, merkle.leaf_hash(leaf_bytes)

    return encode
