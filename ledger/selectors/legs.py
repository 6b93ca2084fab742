"""The history of an account."""

from uuid import UUID

from django.db.models import QuerySet

from ledger.models import Leg
from ledger.selectors.queries import WRITER


def transfers_of_account(account_id: UUID, *, using: str = WRITER) -> QuerySet[Leg]:
    """The transfers that debit or credit an account, each with the account's side and balance after it, newest first.

    Filter and page it by `posted_at` as any queryset: the two history indexes are merged in order, so that a page
    costs its own length, wherever it lies.
    """
    return Leg.objects.using(using).filter(account_id=account_id).order_by("-posted_at")
