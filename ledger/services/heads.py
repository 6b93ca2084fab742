"""Moving a book's head without posting, so that every process forgets what it remembers of the book."""

from uuid import UUID

from ledger.models import BookHead
from qenex.kernel.ids import uuid7


def head_move(book: UUID) -> None:
    """Gives the head new ids, inside the transaction that changed something which posting depends on."""
    BookHead.objects.filter(book_id=book).update(batch_id=uuid7(), terms_id=uuid7())
