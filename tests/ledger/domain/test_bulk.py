"""Posting at once is posting one by one: the same rows, results and counters, or nothing at all."""

from copy import deepcopy
from datetime import date
from uuid import UUID

from hypothesis import event, given
from hypothesis import strategies as st

from ledger.domain.accounts import LIMIT, Accounts
from ledger.domain.bulk import Posted, post_all
from ledger.domain.columns import Columns
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.posting import BookState
from ledger.domain.state import AccountState, Counters
from ledger.engine.rows import Encoder
from qenex.kernel.money import UNIT, quantum
from tests.support.rules import (
    ALICE,
    BOB,
    BOOK,
    CASH,
    CENT,
    CREDIT,
    DEBIT,
    EURO,
    GOLD,
    NOON_US,
    account,
    draft,
    order,
    walk,
)

PLACES = {EURO: 2, GOLD: 6, bytes([3] * 16): 18, bytes([4] * 16): 0}
EVENT = bytes(16)
Batch = tuple[list[AccountState], list[TransferDraft]]


def at_once(accounts: Accounts, drafts: list[TransferDraft]) -> Posted | None:
    return post_all(accounts, drafts, accounts.locate(drafts), NOON_US)


def counters(accounts: Accounts) -> dict[int, tuple[int, ...]]:
    return {key: each.counters() for key, each in accounts.items()}


def encoded(columns: Columns) -> list[bytes]:
    count = len(columns.drafts)
    return Encoder(BOOK).rows(columns, [EVENT] * count, [None] * count)


@st.composite
def any_account(draw: st.DrawFn, number: int, odd: bool) -> AccountState:
    asset = draw(st.sampled_from(list(PLACES)) if draw(st.booleans()) else st.just(EURO))
    step = quantum(PLACES[asset])
    counted = st.integers(0, 400) | st.sampled_from([LIMIT - 100, LIMIT, 3 * LIMIT]) if odd else st.integers(0, 400)
    sums = [step * draw(counted) for _ in range(4)]
    low = st.none() | st.integers(-3_000, -500).map(lambda n: n * step + 1) | st.just(-(10**19) * UNIT)
    floor = draw(low | st.integers(-300, 300).map(lambda n: n * step) if odd else low)
    status = draw(st.sampled_from(["open", "open", "frozen", "closed"])) if odd else "open"
    return AccountState(
        UUID(int=number).bytes, asset, step, draw(st.sampled_from([DEBIT, CREDIT])), floor, status, Counters(*sums)
    )


@st.composite
def any_draft(draw: st.DrawFn, number: int, accounts: list[AccountState]) -> TransferDraft:
    debit = draw(st.sampled_from(accounts))
    alike = [each for each in accounts if each.asset == debit.asset and each is not debit]
    if not alike:
        debit, alike = accounts[0], accounts[1:]
    credit = draw(st.sampled_from(alike))
    amount = draw(st.integers(1, 300)) * debit.quantum
    odd = draw(st.integers(0, 80))
    if odd == 0:
        amount = draw(st.sampled_from([0, -debit.quantum, amount + 1, LIMIT * debit.quantum, 10**38]))
    if odd == 1:
        credit = draw(st.sampled_from(accounts))
    debit_id = None if odd == 2 else UUID(bytes=debit.id)
    credit_id = UUID(int=999) if odd == 3 else UUID(bytes=credit.id)
    kind = Kind.HOLD if odd == 4 else Kind.POSTED
    day = draw(st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    return TransferDraft(UUID(int=number), debit_id, credit_id, amount, kind=kind, value_date=day, code=number)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    odd = draw(st.integers(0, 3)) == 0
    accounts = [draw(any_account(number, odd)) for number in range(1, draw(st.integers(2, 5)) + 1)]
    return accounts, [draw(any_draft(number, accounts)) for number in range(1, draw(st.integers(1, 12)) + 1)]


@given(batches())
def test_the_outcome_is_that_of_the_walk_or_nothing_changes(
    batch: tuple[list[AccountState], list[TransferDraft]],
) -> None:
    states, drafts = batch
    together, single = Accounts(deepcopy(states)), Accounts(deepcopy(states))
    before = counters(together)
    posted = at_once(together, drafts)
    asked = order(*drafts)
    book = BookState(single)
    rows = walk(book).unlinked(asked)
    if posted is None:
        event("declined")
        assert counters(together) == before
        return
    event("posted")
    assert posted.results == asked.results
    assert all(result.ok for result in asked.results)
    assert encoded(posted.columns) == encoded(Columns.of(rows))
    assert counters(together) == counters(single)
    assert changed(together) == changed(single)


def changed(accounts: Accounts) -> dict[bytes, tuple[int, ...]]:
    found = accounts.changes()
    units = [
        [each * step for each, step in zip(row, found.quantum.tolist(), strict=True)] for row in found.counters.tolist()
    ]
    return {bytes(id): tuple(row) for id, *row in zip(found.ids.tolist(), *units, strict=True)}


def usual() -> Accounts:
    return Accounts(
        [
            account(CASH, normal=DEBIT, counters=Counters(200 * UNIT, 0, 0, 0)),
            account(ALICE, floor=0, counters=Counters(0, 100 * UNIT, 0, 0)),
            account(BOB, floor=0, counters=Counters(0, 100 * UNIT, 0, 0)),
        ]
    )


def test_plain_transfers_are_posted() -> None:
    accounts = usual()
    posted = at_once(accounts, [draft(1, ALICE, BOB, 60 * UNIT), draft(2, BOB, CASH, CENT)])
    assert posted is not None
    assert [(each.debit_balance, each.credit_balance) for each in posted.results] == [
        (40 * UNIT, 160 * UNIT),
        (160 * UNIT - CENT, 200 * UNIT - CENT),
    ]
    assert [each.posted_at_us for each in posted.results] == [NOON_US, NOON_US + 1]


def test_money_may_be_spent_that_an_earlier_one_brought_but_not_a_later_one() -> None:
    spend, bring = draft(1, ALICE, BOB, 150 * UNIT), draft(2, CASH, ALICE, 50 * UNIT)
    assert at_once(usual(), [bring, spend]) is not None
    assert at_once(usual(), [spend, bring]) is None


def test_what_holds_may_take_away_is_not_available() -> None:
    accounts = Accounts(
        [account(ALICE, floor=0, counters=Counters(0, 100 * UNIT, 30 * UNIT, 0)), account(CASH, normal=DEBIT)]
    )
    assert at_once(accounts, [draft(1, ALICE, CASH, 70 * UNIT + CENT)]) is None
    assert at_once(accounts, [draft(1, ALICE, CASH, 70 * UNIT)]) is not None


def test_a_floor_between_two_amounts_is_not_crossed() -> None:
    accounts = Accounts([account(ALICE, floor=1, counters=Counters(0, CENT, 0, 0)), account(CASH, normal=DEBIT)])
    assert at_once(accounts, [draft(1, ALICE, CASH, CENT)]) is None


def test_counters_past_the_limit_are_for_the_walk() -> None:
    near = Counters(0, (LIMIT - 1) * CENT, 0, 0)
    accounts = Accounts([account(ALICE, counters=near), account(CASH, normal=DEBIT)])
    assert at_once(accounts, [draft(1, CASH, ALICE, CENT)]) is None
    assert at_once(accounts, [draft(1, ALICE, CASH, CENT)]) is not None
