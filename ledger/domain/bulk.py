"""Posting many plain transfers at once: what one after another would do, in a fraction of the time.

Where every transfer of a batch can be posted, their order only decides the balances between them, and those are running
sums. So the sums are made first, each account's by itself; had any transfer been refused, one of them would break a
rule, and then nothing is done here and the transfers are walked one by one.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from ledger.domain.accounts import LIMIT, Accounts
from ledger.domain.columns import Array, Columns
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.posting import DAY_US, EPOCH_DAY
from ledger.domain.results import Status, TransferResult
from ledger.domain.state import PLACES


class Posted(NamedTuple):
    """Transfers that were posted together, and their results."""

    columns: Columns
    results: list[TransferResult]


class _Legs:
    """The two legs of each transfer, debit before credit, and the accounts they touch."""

    def __init__(self, slots: Array, amounts: Array) -> None:
        self.slots = slots
        self.signed = np.empty(len(slots), np.int64)
        """Debits above zero, credits below."""
        self.signed[0::2], self.signed[1::2] = amounts, -amounts
        # Sixteen bits where they do: numpy sorts those by radix.
        self.order = np.argsort(slots.astype(np.uint16) if slots.max() < 2**16 else slots, kind="stable")
        """The legs account by account, those of each in the order of the transfers."""
        in_order = slots[self.order]
        begins = np.ones(len(slots), bool)
        np.not_equal(in_order[1:], in_order[:-1], out=begins[1:])
        self.first = begins.nonzero()[0]
        """Where the legs of each account begin in that order."""
        self.counts = np.empty_like(self.first)
        self.counts[:-1] = self.first[1:] - self.first[:-1]
        self.counts[-1] = len(slots) - self.first[-1]
        self.touched = in_order[self.first]


def post_all(accounts: Accounts, drafts: Sequence[TransferDraft], slots: Array, start_us: int) -> Posted | None:
    """Posts all of the transfers, a microsecond apart; none, and nothing has changed, where one might be refused.

    `slots`: the places of their accounts, as `Accounts.locate` tells them.
    """
    accounts.settle()
    if not _plain(accounts, drafts, slots):
        return None
    quantum: Array = accounts.column("quantum")[slots[0::2]]
    amounts = _amounts(drafts, quantum)
    if amounts is None:
        return None
    legs = _Legs(slots, amounts)
    running = _running(accounts, legs)
    if running is None or not _move(accounts, legs):
        return None
    columns = _columns(accounts, drafts, legs, running, start_us)
    return Posted(columns, _results(columns))


def _plain(accounts: Accounts, drafts: Sequence[TransferDraft], slots: Array) -> bool:
    """Whether each is a plain transfer between two open accounts of one asset."""
    if [draft.kind for draft in drafts].count(Kind.POSTED) < len(drafts) or slots.min() < 0:
        return False
    debit, credit, asset = slots[0::2], slots[1::2], accounts.column("asset")
    apart = not (debit == credit).any() and not (asset[debit] != asset[credit]).any()
    return apart and bool(accounts.column("open")[slots].all())


def _amounts(drafts: Sequence[TransferDraft], quantum: Array) -> Array | None:
    """The amounts, each counted in the quantum of its asset; none where one is no amount of it or very large."""
    units = [draft.amount for draft in drafts]
    if (quantum == quantum[0]).all():
        step = int(quantum[0])
        quanta = [each // step for each in units]
        exact = sum(quanta) * step == sum(units)
    else:
        pairs = [divmod(each, step) for each, step in zip(units, quantum.tolist(), strict=True)]
        quanta = [each for each, _ in pairs]
        exact = not any(rest for _, rest in pairs)
    if not exact or min(quanta) <= 0 or sum(quanta) >= LIMIT:
        return None
    return np.array(quanta, np.int64)


def _running(accounts: Accounts, legs: _Legs) -> Array | None:
    """The balance after each leg on its account's normal side; none where one would be below its account's floor."""
    touched, normal = legs.touched, accounts.column("normal")
    side = normal[touched]
    in_order = legs.signed[legs.order]
    total = in_order.cumsum()
    before = (total - in_order)[legs.first]
    opening = accounts.column("debits")[touched] - accounts.column("credits")[touched]
    sides = side.repeat(legs.counts)
    balances = (total + (opening - before).repeat(legs.counts)) * sides
    held = np.where(side == 1, accounts.column("credits_pending")[touched], accounts.column("debits_pending")[touched])
    least = accounts.column("floor")[touched] + held
    shrinks = in_order * sides < 0
    if (shrinks & (balances < least.repeat(legs.counts))).any():
        return None
    running = np.empty(len(balances), np.int64)
    running[legs.order] = balances
    return running


def _move(accounts: Accounts, legs: _Legs) -> bool:
    """Whether the counters could take the transfers, as they then have."""
    in_order, touched = legs.signed[legs.order], legs.touched
    brought = np.add.reduceat(np.maximum(in_order, 0), legs.first)
    taken = brought - np.add.reduceat(in_order, legs.first)
    debits, credits = accounts.column("debits"), accounts.column("credits")
    more_debits, more_credits = debits[touched] + brought, credits[touched] + taken
    if max(more_debits.max(), more_credits.max()) >= LIMIT:
        return False
    accounts.note(touched)
    debits[touched], credits[touched] = more_debits, more_credits
    return True


def _columns(
    accounts: Accounts, drafts: Sequence[TransferDraft], legs: _Legs, running: Array, start_us: int
) -> Columns:
    debit, credit = legs.slots[0::2], legs.slots[1::2]
    posted_at = np.arange(start_us, start_us + len(drafts), dtype=np.int64)
    return Columns(
        drafts=drafts,
        kinds=np.full(len(drafts), Kind.POSTED, np.int16),
        debits=accounts.ids_of(debit),
        credits=accounts.ids_of(credit),
        assets=accounts.assets_of(debit),
        quantum=accounts.column("quantum")[debit],
        amounts=legs.signed[0::2],
        debit_balances=running[0::2],
        credit_balances=running[1::2],
        posted_at_us=posted_at,
        value_days=_value_days(drafts, posted_at),
        origins=[None] * len(drafts),
    )


def _value_days(drafts: Sequence[TransferDraft], posted_at: Array) -> Array:
    """The days that were named, or else those of posting."""
    days: Array = posted_at // DAY_US + EPOCH_DAY
    named = [draft.value_date for draft in drafts]
    if named.count(None) < len(named):
        days = np.array([day if date is None else date.toordinal() for date, day in zip(named, days, strict=True)])
    return days


def _results(columns: Columns) -> list[TransferResult]:
    quantum = columns.quantum.tolist()
    balances = (
        [each * step for each, step in zip(side.tolist(), quantum, strict=True)]
        for side in (columns.debit_balances, columns.credit_balances)
    )
    return list(
        map(
            TransferResult,
            *([draft.id for draft in columns.drafts], repeat(Status.POSTED), repeat(None), repeat("")),
            *(columns.posted_at_us.tolist(), columns.value_days.tolist(), *balances),
            *(repeat(False), map(PLACES.__getitem__, quantum)),
        )
    )
