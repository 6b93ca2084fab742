"""Debit and credit lines become transfers that say the same."""

from collections import Counter
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.decompose import Line, Part, SelfTransfer, Unbalanced, decompose

CASH, BANK, FEES, SALES = (UUID(int=number) for number in range(1, 5))
EURO, GOLD = UUID(int=101), UUID(int=102)


def debit(account: UUID, amount: int, asset: UUID = EURO) -> Line:
    return Line(account, asset, 1, amount)


def credit(account: UUID, amount: int, asset: UUID = EURO) -> Line:
    return Line(account, asset, -1, amount)


def test_one_debit_meets_one_credit() -> None:
    assert decompose([debit(CASH, 5), credit(SALES, 5)]) == [Part(0, 1, 5)]


def test_the_order_of_lines_is_the_order_of_transfers() -> None:
    lines = [credit(SALES, 100), debit(CASH, 97), debit(FEES, 3)]
    assert decompose(lines) == [Part(1, 0, 97), Part(2, 0, 3)]


def test_many_debits_meet_many_credits() -> None:
    lines = [debit(CASH, 60), debit(BANK, 40), credit(SALES, 70), credit(FEES, 30)]
    assert decompose(lines) == [Part(0, 2, 60), Part(1, 2, 10), Part(1, 3, 30)]


def test_assets_are_kept_apart() -> None:
    lines = [debit(CASH, 5), debit(BANK, 1, GOLD), credit(SALES, 1, GOLD), credit(SALES, 5)]
    assert decompose(lines) == [Part(0, 3, 5), Part(1, 2, 1)]


def test_an_account_on_both_sides_meets_only_others() -> None:
    lines = [debit(CASH, 10), debit(BANK, 10), credit(CASH, 10), credit(SALES, 10)]
    assert decompose(lines) == [Part(0, 3, 10), Part(1, 2, 10)]


def test_no_lines_are_no_transfers() -> None:
    assert decompose([]) == []


def test_a_difference_is_told_by_asset() -> None:
    with pytest.raises(Unbalanced) as caught:
        decompose([debit(CASH, 5), credit(SALES, 5), debit(CASH, 3, GOLD), credit(SALES, 2, GOLD)])
    assert (caught.value.asset, caught.value.debits, caught.value.credits) == (GOLD, 3, 2)


def test_two_assets_do_not_balance_each_other() -> None:
    with pytest.raises(Unbalanced):
        decompose([debit(CASH, 5), credit(SALES, 5, GOLD)])


def test_an_account_that_could_only_meet_itself_is_named() -> None:
    with pytest.raises(SelfTransfer) as caught:
        decompose([debit(CASH, 10), credit(CASH, 7), credit(SALES, 3)])
    assert (caught.value.account, caught.value.excess) == (CASH, 7)


PAIRS = st.lists(
    st.tuples(
        st.permutations([UUID(int=number) for number in range(1, 7)]),
        st.integers(min_value=1, max_value=1000),
        st.sampled_from([EURO, GOLD]),
    ),
    max_size=12,
)


@given(PAIRS, st.randoms(use_true_random=False))
def test_whatever_transfers_could_have_made_is_taken_apart(
    pairs: list[tuple[list[UUID], int, UUID]], random: Random
) -> None:
    lines = [
        line
        for (first, second, *_), amount, asset in pairs
        for line in (debit(first, amount, asset), credit(second, amount, asset))
    ]
    random.shuffle(lines)
    parts = decompose(lines)
    assert parts == decompose(list(lines))
    paired: Counter[int] = Counter()
    for part in parts:
        one, other = lines[part.debit], lines[part.credit]
        assert part.amount > 0
        assert (one.side, other.side, one.asset) == (1, -1, other.asset)
        assert one.account != other.account
        paired[part.debit] += part.amount
        paired[part.credit] += part.amount
    assert paired == Counter({place: line.amount for place, line in enumerate(lines)})
    assert len(parts) <= len(lines) + len({(line.account, line.asset) for line in lines})


@given(
    st.lists(
        st.builds(Line, st.sampled_from([CASH, BANK, FEES]), st.just(EURO), st.sampled_from([1, -1]), st.integers(1, 9))
    )
)
def test_lines_that_cannot_be_paired_are_refused_and_others_are_not(lines: list[Line]) -> None:
    debited = sum(line.amount for line in lines if line.side == 1)
    credited = sum(line.amount for line in lines if line.side == -1)
    turnover: Counter[UUID] = Counter()
    for line in lines:
        turnover[line.account] += line.amount
    if debited != credited:
        with pytest.raises(Unbalanced):
            decompose(lines)
    elif any(amount > debited for amount in turnover.values()):
        with pytest.raises(SelfTransfer):
            decompose(lines)
    else:
        assert sum(part.amount for part in decompose(lines)) == debited
