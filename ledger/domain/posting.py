"""The posting rules: one transfer after another against a book's state, in order, in integers.

A transfer is checked, then moves its two accounts, and both balances after it go into its row. A later transfer of a
batch may spend what an earlier one brought. Nothing here reads a clock, a database or randomness.
"""

from datetime import date

from ledger.domain.accounts import Accounts
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.results import Code
from ledger.domain.rows import Row
from ledger.domain.state import AccountState, HoldState, OriginState, Plain
from qenex.kernel.money import MAX_UNITS

DAY_US = 86_400_000_000
EPOCH_DAY = date(1970, 1, 1).toordinal()
REVERSIBLE = (Kind.POSTED, Kind.HOLD_POST, Kind.HOLD_PART)
_POSTED = Kind.POSTED
_HOLD_STATUS = {
    Kind.HOLD_PART: "open",
    Kind.HOLD_POST: "posted",
    Kind.HOLD_VOID: "voided",
    Kind.HOLD_EXPIRE: "expired",
}


class Refused(Exception):
    """A rule does not allow the transfer."""

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class Touched:
    """What transfers changed, as it was before: enough to undo them."""

    __slots__ = ("accounts", "holds", "origins")

    def __init__(self) -> None:
        self.accounts: dict[int, Plain] = {}
        self.holds: dict[int, tuple[int, str] | None] = {}
        """Posted amount and status; none for a hold that was made."""
        self.origins: dict[int, int | None] = {}
        """What was reversed; none for a transfer that was made."""

    def absorb(self, later: "Touched") -> None:
        """Takes over what was touched later; what was known before stays."""
        self.accounts = later.accounts | self.accounts
        self.holds = later.holds | self.holds
        self.origins = later.origins | self.origins


class BookState:
    """What a batch may touch of one book, and what it has touched so far. Keys are ids as integers."""

    def __init__(self, accounts: Accounts | None = None) -> None:
        self.accounts = Accounts() if accounts is None else accounts
        self.accounts.begin()
        self.holds: dict[int, HoldState] = {}
        self.origins: dict[int, OriginState] = {}
        self.touched = Touched()
        self.awaited: set[int] = set()
        """Transfers that the same batch both makes and reverses."""

    def undo(self) -> None:
        """Puts everything that was touched back to what it was."""
        for key, counters in self.touched.accounts.items():
            self.accounts[key].restore(counters)
        for key, before in self.touched.holds.items():
            if before is None:
                del self.holds[key]
            else:
                self.holds[key].posted, self.holds[key].status = before
        for key, reversed_before in self.touched.origins.items():
            if reversed_before is None:
                del self.origins[key]
            else:
                self.origins[key].reversed = reversed_before
        self.touched = Touched()

    def apply(self, draft: TransferDraft, kind: Kind, posted_at_us: int) -> Row:
        """Makes one transfer. Raises Refused, and then nothing has changed."""
        if kind is _POSTED:  # the constant: looking a member up in its class costs as much as a comparison of amounts
            debit, credit = self._accounts(draft)
            return self._post(draft, kind, debit, credit, draft.amount, posted_at_us)
        if kind is Kind.HOLD:
            return self._hold(draft, posted_at_us)
        if kind is Kind.REVERSAL:
            return self._reverse(draft, posted_at_us)
        return self._resolve(draft, kind, posted_at_us)

    def apply_and_keep(self, draft: TransferDraft, kind: Kind, posted_at_us: int) -> Row:
        """As `apply`, where a later transfer of the batch reverses one that it makes."""
        row = self.apply(draft, kind, posted_at_us)
        key = draft.id.int
        if key in self.awaited and row.kind in REVERSIBLE:
            self.touched.origins[key] = None
            self.origins[key] = OriginState(row.debit.key, row.credit.key, row.amount, 0)
        return row

    # --- new transfers

    def _accounts(self, draft: TransferDraft) -> tuple[AccountState, AccountState]:
        debit_id, credit_id = draft.debit_account, draft.credit_account
        if debit_id is None or credit_id is None:
            raise Refused(Code.ACCOUNT_NOT_FOUND)
        return self._pair(debit_id.int, credit_id.int)

    def _pair(self, debit_id: int, credit_id: int) -> tuple[AccountState, AccountState]:
        if debit_id == credit_id:
            raise Refused(Code.SAME_ACCOUNT)
        try:
            debit, credit = self.accounts[debit_id], self.accounts[credit_id]
        except KeyError:
            raise Refused(Code.ACCOUNT_NOT_FOUND) from None
        if debit.status != "open" or credit.status != "open":
            closed = "closed" in (debit.status, credit.status)
            raise Refused(Code.ACCOUNT_CLOSED if closed else Code.ACCOUNT_FROZEN)
        if debit.asset != credit.asset:
            raise Refused(Code.ASSET_MISMATCH)
        return debit, credit

    def _post(
        self,
        draft: TransferDraft,
        kind: Kind,
        debit: AccountState,
        credit: AccountState,
        amount: int,
        posted_at_us: int,
    ) -> Row:
        _check_amount(debit, amount)
        debits, credits = debit.debits + amount, credit.credits + amount
        if debits > MAX_UNITS or credits > MAX_UNITS:
            raise Refused(Code.AMOUNT_RANGE)
        if debit.floor is not None or credit.floor is not None:
            _check_floors(debit, credit, amount)
        self._touch(debit, credit)
        debit.debits = debits
        credit.credits = credits
        return _row(draft, kind, debit, credit, amount, posted_at_us)

    def _hold(self, draft: TransferDraft, posted_at_us: int) -> Row:
        debit, credit = self._accounts(draft)
        amount = draft.amount
        _check_amount(debit, amount)
        if debit.debits_pending + amount > MAX_UNITS or credit.credits_pending + amount > MAX_UNITS:
            raise Refused(Code.AMOUNT_RANGE)
        _check_floors(debit, credit, amount)
        self._touch(debit, credit)
        debit.debits_pending += amount
        credit.credits_pending += amount
        expires = None if draft.timeout is None else posted_at_us + draft.timeout * 1_000_000
        hold = HoldState(draft.id.bytes, debit.key, credit.key, amount, 0, "open", expires)
        self.touched.holds[hold.key] = None
        self.holds[hold.key] = hold
        return _row(draft, Kind.HOLD, debit, credit, amount, posted_at_us)

    # --- what acts on an earlier transfer

    def _resolve(self, draft: TransferDraft, kind: Kind, posted_at_us: int) -> Row:
        hold = self.holds.get(draft.origin.int) if draft.origin else None
        if hold is None:
            raise Refused(Code.HOLD_NOT_FOUND)
        overdue = hold.expires_at_us is not None and hold.expires_at_us <= posted_at_us
        if hold.status != "open" or (overdue and kind is not Kind.HOLD_EXPIRE):
            raise Refused(Code.HOLD_RESOLVED)
        if kind is Kind.HOLD_EXPIRE and not overdue:
            raise Refused(Code.HOLD_NOT_DUE)
        amount = draft.amount or hold.remaining
        if amount > hold.remaining or (kind is not Kind.HOLD_POST and amount != hold.remaining):
            raise Refused(Code.HOLD_EXCEEDED)
        debit, credit = self._hold_accounts(hold, kind)
        _check_amount(debit, amount)
        if kind is Kind.HOLD_POST and (debit.debits + amount > MAX_UNITS or credit.credits + amount > MAX_UNITS):
            raise Refused(Code.AMOUNT_RANGE)
        self._touch(debit, credit)
        self.touched.holds.setdefault(hold.key, (hold.posted, hold.status))
        if kind is Kind.HOLD_POST and not draft.final and amount < hold.remaining:
            kind = Kind.HOLD_PART
        _release(hold, kind, debit, credit, amount)
        return _row(draft, kind, debit, credit, amount, posted_at_us, hold.id)

    def _hold_accounts(self, hold: HoldState, kind: Kind) -> tuple[AccountState, AccountState]:
        if kind is Kind.HOLD_POST:
            return self._pair(hold.debit, hold.credit)
        return self.accounts[hold.debit], self.accounts[hold.credit]

    def _reverse(self, draft: TransferDraft, posted_at_us: int) -> Row:
        origin = self.origins.get(draft.origin.int) if draft.origin else None
        if origin is None:
            raise Refused(Code.REVERSAL_NOT_POSSIBLE)
        amount = draft.amount or origin.amount - origin.reversed
        if amount > origin.amount - origin.reversed or amount == 0:
            raise Refused(Code.REVERSAL_EXCEEDED)
        debit, credit = self._pair(origin.credit, origin.debit)
        assert draft.origin is not None
        row = self._post(draft, Kind.REVERSAL, debit, credit, amount, posted_at_us)
        self.touched.origins.setdefault(draft.origin.int, origin.reversed)
        origin.reversed += amount
        row.origin = draft.origin.bytes
        return row

    def _touch(self, debit: AccountState, credit: AccountState) -> None:
        accounts = self.touched.accounts
        if debit.key not in accounts:
            accounts[debit.key] = debit.counters()
        if credit.key not in accounts:
            accounts[credit.key] = credit.counters()


def _release(hold: HoldState, kind: Kind, debit: AccountState, credit: AccountState, amount: int) -> None:
    """Takes an amount out of a hold: a part leaves the rest held, everything else releases it."""
    released = amount if kind is Kind.HOLD_PART else hold.remaining
    debit.debits_pending -= released
    credit.credits_pending -= released
    if kind in (Kind.HOLD_POST, Kind.HOLD_PART):
        debit.debits += amount
        credit.credits += amount
        hold.posted += amount
    hold.status = _HOLD_STATUS[kind]


def _check_amount(account: AccountState, amount: int) -> None:
    if amount <= 0 or amount > MAX_UNITS:
        raise Refused(Code.AMOUNT_RANGE)
    if amount % account.quantum:
        raise Refused(Code.AMOUNT_PRECISION)


def _row(
    draft: TransferDraft,
    kind: Kind,
    debit: AccountState,
    credit: AccountState,
    amount: int,
    posted_at_us: int,
    origin: bytes | None = None,
) -> Row:
    value_date = draft.value_date
    return Row(
        draft,
        kind,
        debit,
        credit,
        amount,
        (debit.debits - debit.credits) * debit.normal,
        (credit.debits - credit.credits) * credit.normal,
        posted_at_us,
        posted_at_us // DAY_US + EPOCH_DAY if value_date is None else value_date.toordinal(),
        origin,
    )


def _check_floors(debit: AccountState, credit: AccountState, amount: int) -> None:
    """A debit shrinks an account of the credit side, a credit one of the debit side: neither falls below its floor."""
    floor = debit.floor
    if floor is not None and debit.normal == -1 and debit.available - amount < floor:
        raise Refused(Code.INSUFFICIENT_FUNDS)
    floor = credit.floor
    if floor is not None and credit.normal == 1 and credit.available - amount < floor:
        raise Refused(Code.INSUFFICIENT_FUNDS)
