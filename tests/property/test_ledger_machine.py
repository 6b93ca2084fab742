"""Any sequence of commands: the ledger and the oracle give the same answers and hold the same balances."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from ledger import services
from ledger.domain.drafts import Kind, TransferDraft
from ledger.domain.results import TransferResult
from ledger.domain.state import Counters
from ledger.engine import cache
from ledger.models import Account, Balance, Hold
from qenex.kernel import clock
from qenex.kernel.ids import uuid7
from qenex.kernel.money import MAX_UNITS, UNIT, from_decimal, to_decimal
from tests.support.ledger import make_account, make_asset, make_book, post, recount
from tests.support.oracle import Oracle, Purse

BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)
"""Long ago, so that the sweeper finds these holds and none of other tests."""
NOBODY = UUID(int=0)
EURO, TOKEN = "euro", "token"
CENT = UNIT // 100
ODD_AMOUNTS = (0, 1, -CENT, CENT + 1, 500 * UNIT, MAX_UNITS - MAX_UNITS % CENT, MAX_UNITS, MAX_UNITS + 1)
INDEX = st.integers(0, 30)
KINDS = st.sampled_from([Kind.POSTED, Kind.HOLD, Kind.HOLD_POST, Kind.HOLD_VOID, Kind.REVERSAL, Kind.HOLD, Kind.POSTED])
CENTS = st.integers(1, 2_000)
TIMEOUTS = st.sampled_from([None, 1, 60])
ODDITY = st.integers(0, 23)
"""What is wrong with a transfer on purpose, in one case of three."""
STEP = st.tuples(KINDS, INDEX, INDEX, CENTS, TIMEOUTS, st.booleans(), ODDITY)


def us(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


class LedgerMachine(RuleBasedStateMachine):
    """One book with accounts of both sides, with and without floors, in two assets."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGINNING
        with clock.frozen(self.now):
            self.book = make_book()
            euro, token = make_asset(2), make_asset(18)
            self.oracle = Oracle(us(self.now))
            self.accounts: list[Account] = []
            for type, asset, floor in (
                *(("asset", euro, None), ("liability", euro, "0"), ("liability", euro, "-50"), ("asset", euro, "0")),
                *(("equity", token, None), ("asset", token, None)),
            ):
                limit = None if floor is None else Decimal(floor)
                account = make_account(self.book, asset, type, floor=limit)
                self.accounts.append(account)
                self.oracle.purses[account.pk] = Purse(
                    *(EURO if asset is euro else TOKEN, CENT if asset is euro else 1, account.normal_side),
                    None if limit is None else from_decimal(limit),
                )
        self.drafts: list[TransferDraft] = []
        cash, *others = (account.pk for account in self.accounts[:4])
        self.post([TransferDraft(uuid7(), cash, each, 100 * UNIT) for each in others[:2]])
        self.post([TransferDraft(uuid7(), others[2], cash, 100 * UNIT)])

    # --- commands

    @rule(steps=st.lists(STEP, min_size=1, max_size=6), linked=st.booleans())
    def batch(self, steps: list[Any], linked: bool) -> None:
        self.post([self.draft(*step) for step in steps], linked=linked)

    @rule(step=STEP)
    def single(self, step: Any) -> None:
        self.post([self.draft(*step)])

    @rule(steps=st.lists(STEP, min_size=2, max_size=12))
    def large_batch(self, steps: list[Any]) -> None:
        self.post([self.draft(*step) for step in steps])

    @precondition(lambda self: self.drafts)
    @rule(index=INDEX, count=st.integers(1, 4), linked=st.booleans())
    def repeat(self, index: int, count: int, linked: bool) -> None:
        self.post([self.drafts[(index + offset) % len(self.drafts)] for offset in range(count)], linked=linked)

    @precondition(lambda self: self.drafts)
    @rule(index=INDEX, change=st.sampled_from([{"code": 9}, {"reference": "other"}, {"metadata": {"x": 1}}]))
    def reuse(self, index: int, change: dict[str, Any]) -> None:
        self.post([replace(self.drafts[index % len(self.drafts)], **change)])

    @rule(seconds=st.sampled_from([-5, 0, 0.5, 1, 61]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def expire(self) -> None:
        with clock.frozen(self.now):
            services.holds_expire()
        self.oracle.expire(us(self.now))

    @rule(index=st.integers(0, 5), status=st.sampled_from(["open", "open", "open", "frozen"]))
    def freeze(self, index: int, status: str) -> None:
        services.account_update(account=self.accounts[index], status=status)
        self.oracle.purses[self.accounts[index].pk].status = status

    @rule(index=st.integers(0, 5), floor=st.sampled_from([None, 0, -50, 10]))
    def limit(self, index: int, floor: int | None) -> None:
        purse = self.oracle.purses[self.accounts[index].pk]
        if floor is not None and purse.free() < floor * UNIT:
            return
        services.account_update(account=self.accounts[index], floor=None if floor is None else Decimal(floor))
        purse.floor = None if floor is None else floor * UNIT

    @rule()
    def close(self) -> None:
        services.book_update(book=self.book, status="closed")
        self.oracle.open = False

    @precondition(lambda self: not self.oracle.open)
    @rule()
    def reopen(self) -> None:
        services.book_update(book=self.book, status="open")
        self.oracle.open = True

    @rule()
    def another_process(self) -> None:
        cache.forget()

    @rule()
    def rebuild(self) -> None:
        assert services.balances_rebuild(book=self.book.pk) == 0

    # --- what must agree

    def draft(
        self, kind: Kind, first: int, second: int, cents: int, timeout: int | None, final: bool, oddity: int
    ) -> TransferDraft:
        """A transfer of this kind, mostly one that can be."""
        amount = ODD_AMOUNTS[second % len(ODD_AMOUNTS)] if oddity == 7 else cents * CENT
        if kind not in (Kind.POSTED, Kind.HOLD):
            amount = 0 if kind is Kind.HOLD_VOID or first % 2 else amount
            return TransferDraft(
                uuid7(), None, None, amount, kind, origin=self.origin(kind, first, oddity), final=final
            )
        group = self.accounts if oddity == 6 else self.accounts[4:] if first == 0 else self.accounts[:4]
        debit = group[first % len(group)].pk
        credit = group[(first + (oddity != 5) * (1 + second % (len(group) - 1))) % len(group)].pk
        timeout = timeout if kind is Kind.HOLD else None
        return TransferDraft(uuid7(), debit, NOBODY if oddity == 4 else credit, amount, kind, timeout=timeout)

    def origin(self, kind: Kind, index: int, oddity: int) -> UUID:
        """Something to act on: an open hold or a payment, or where it is to be odd, anything or nothing at all."""
        if kind is Kind.REVERSAL:
            fitting = list(self.oracle.payments)
        else:
            fitting = [id for id, each in self.oracle.promises.items() if each.status == "open"]
        if oddity == 3 or not fitting:
            fitting = [*self.oracle.done, uuid7()]
        return fitting[index % len(fitting)]

    def post(self, drafts: list[TransferDraft], *, linked: bool = False) -> None:
        with clock.frozen(self.now):
            results = post(self.book, *drafts, linked=linked)
        assert [_told(result) for result in results] == self.oracle.post(drafts, us(self.now), linked=linked)
        self.drafts = (self.drafts + drafts)[-31:]

    @invariant()
    def balances_agree(self) -> None:
        expected = {
            id: Counters(each.debits, each.credits, each.debits_pending, each.credits_pending)
            for id, each in self.oracle.purses.items()
        }
        found, free = {}, {}
        for row in Balance.objects.filter(book_id=self.book.pk):
            amounts = (row.debits_posted, row.credits_posted, row.debits_pending, row.credits_pending)
            found[row.pk] = Counters(*map(from_decimal, amounts))
            free[row.pk] = row.available
        assert found == expected
        assert free == {id: to_decimal(each.free()) for id, each in self.oracle.purses.items()}

    @invariant()
    def holds_agree(self) -> None:
        rows = Hold.objects.filter(book_id=self.book.pk).values_list("pk", "status", "amount", "posted_amount")
        found = {id: (status, from_decimal(amount)) for id, status, amount, _ in rows}
        assert found == {id: (each.status, each.amount) for id, each in self.oracle.promises.items()}
        assert all(0 <= posted <= amount for _, _, amount, posted in rows)

    def teardown(self) -> None:
        """From the rows alone the same balances follow, and each asset's debits are its credits."""
        assert recount(self.book) == {}
        for asset in (EURO, TOKEN):
            purses = [each for each in self.oracle.purses.values() if each.asset == asset]
            assert sum(each.debits for each in purses) == sum(each.credits for each in purses)
            assert sum(each.debits_pending for each in purses) == sum(each.credits_pending for each in purses)
        services.book_update(book=self.book, status="open")
        with clock.frozen(self.now + timedelta(days=1)):
            services.holds_expire()  # so that other tests' sweeps find none of these


def _told(result: TransferResult) -> str:
    if result.replayed:
        return f"again {result.status}"
    return str(result.code or result.status)


COMMON: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
}


def test_the_ledger_agrees_with_the_oracle(database: None) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(**COMMON, derandomize=True, max_examples=25, stateful_step_count=30, phases=[Phase.generate]),
    )


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_the_ledger_agrees_with_the_oracle_for_long(database: None) -> None:
    run_state_machine_as_test(LedgerMachine, settings=settings(**COMMON, max_examples=1_000, stateful_step_count=60))
