"""What most Django projects do: one transaction of the ORM a transfer, balances locked in the order of their ids."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from psycopg import IsolationLevel

from bench import ground
from bench.works.base import Outcome, Run, timed
from bench.works.drafts import drafts
from ledger.domain.drafts import TransferDraft
from ledger.models import Account, Balance, Transfer
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from qenex.kernel.money import to_decimal

_MARK = "SELECT set_config('qenex.emitted', pg_current_xact_id()::text, true)"
"""By hand, what an event brings: audited tables refuse a transaction without it. It costs this way a round trip."""


@dataclass(frozen=True)
class OrmWork:
    """One client's transfers in the book that is kept for this, under READ COMMITTED, which is Django's default."""

    database: str
    count: int
    hot: bool

    def prepare(self) -> Run:
        """The connection gets its isolation level; the drafts are made."""
        book = ground.load(settings.VAR).books[ground.ORM]
        asset = Account.objects.values_list("asset_id", flat=True).get(pk=book.accounts[0])
        inputs = drafts(book.accounts, self.count, hot=self.hot)
        connection.close()
        connection.ensure_connection()
        connection.connection.isolation_level = IsolationLevel.READ_COMMITTED

        def run() -> Outcome:
            try:
                return timed(lambda each: _post(book.id, asset, each), inputs, 1)
            finally:
                connection.connection.isolation_level = IsolationLevel.SERIALIZABLE

        return run


def _post(book: UUID, asset: UUID, draft: TransferDraft) -> None:
    assert draft.debit_account is not None
    assert draft.credit_account is not None
    amount = to_decimal(draft.amount)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_MARK)
        pair = (draft.debit_account, draft.credit_account)
        locked = Balance.objects.select_for_update().filter(pk__in=pair).order_by("pk")
        balances = {balance.pk: balance for balance in locked}
        debit, credit = balances[draft.debit_account], balances[draft.credit_account]
        debit.debits_posted += amount
        debit.save(update_fields=["debits_posted"])
        credit.credits_posted += amount
        credit.save(update_fields=["credits_posted"])
        now = clock.now()
        Transfer.objects.create(
            id=draft.id,
            book_id=book,
            debit_account_id=draft.debit_account,
            credit_account_id=draft.credit_account,
            asset_id=asset,
            amount=amount,
            debit_balance=debit.posted,
            credit_balance=credit.posted,
            posted_at=now,
            value_date=now.date(),
            kind=draft.kind,
            event_id=uuid7(),
        )
