"""Accounts at hand: one and the same whether they are looked at singly or in columns."""

import numpy as np
import pytest

from ledger.domain.accounts import LIMIT, Accounts
from ledger.domain.state import Counters
from tests.support.rules import ALICE, BOB, CASH, CENT, account, draft

ONE = Counters(1 * CENT, 2 * CENT, 3 * CENT, 4 * CENT)
WIDE = Counters(0, LIMIT * CENT, 0, 0)


def test_an_account_is_found_as_it_was_put() -> None:
    accounts = Accounts([account(ALICE, floor=-5, status="frozen", counters=ONE), account(BOB, counters=WIDE)])
    assert (len(accounts), list(accounts), ALICE in accounts, CASH in accounts) == (2, [ALICE, BOB], True, False)
    found = accounts[ALICE]
    assert (found.key, found.floor, found.status, found.counters()) == (ALICE, -5, "frozen", tuple(ONE))
    assert accounts[BOB].counters() == tuple(WIDE)
    with pytest.raises(KeyError):
        accounts[CASH]


def test_only_those_in_columns_are_located() -> None:
    accounts = Accounts([account(ALICE), account(BOB, counters=WIDE)])
    assert accounts.locate([draft(1, ALICE, BOB, 1), draft(2, None, CASH, 1)]).tolist() == [0, -1, -1, -1]


def test_what_moved_since_the_beginning_is_told() -> None:
    accounts = Accounts([account(ALICE, counters=ONE), account(BOB, counters=WIDE), account(CASH)])
    accounts[ALICE].debits += CENT
    accounts[BOB].credits_pending += 5 * CENT
    assert accounts[CASH].debits == 0
    changes = accounts.changes()
    assert [bytes(each)[-1] for each in changes.ids.tolist()] == [ALICE, BOB]
    assert changes.counters.tolist() == [[1, 0], [0, 0], [0, 0], [0, 5]]
    accounts.begin()
    assert len(accounts.changes().ids) == 0
    assert accounts[ALICE].debits == 2 * CENT


def test_an_account_that_grows_too_wide_leaves_its_column_and_no_change_is_lost() -> None:
    accounts = Accounts([account(ALICE, counters=ONE), account(CASH)])
    [slot, _] = accounts.locate([draft(1, ALICE, CASH, 1)]).tolist()
    accounts[ALICE].debits += LIMIT * CENT
    accounts.settle()
    assert ALICE not in accounts.slots
    assert not accounts.column("open")[slot]
    accounts[ALICE].debits += CENT
    changes = accounts.changes()
    assert changes.counters.tolist() == [[LIMIT + 1], [0], [0], [0]]
    assert accounts[ALICE].debits == (LIMIT + 2) * CENT


def test_there_is_room_for_more_than_there_was() -> None:
    accounts = Accounts()
    for number in range(1, 40):
        accounts.add([account(number, counters=Counters(number * CENT, 0, 0, 0))])
    assert [accounts[number].debits // CENT for number in accounts] == list(range(1, 40))


def test_after_somebody_else_has_posted_accounts_are_not_at_hand_until_their_counters_are_renewed() -> None:
    accounts = Accounts([account(ALICE, floor=-5, counters=ONE), account(BOB, counters=WIDE), account(CASH)])
    accounts.age()
    assert (len(accounts), accounts.remembered, ALICE in accounts) == (0, 2, False)
    with pytest.raises(KeyError):
        accounts[ALICE]
    slots = accounts.locate([draft(1, ALICE, BOB, 1), draft(2, CASH, ALICE, 1)])
    assert (slots.tolist(), accounts.stale(slots).tolist()) == ([0, -1, 1, 0], [0, 1])
    accounts.renew(slots[:1], np.array([[5], [6], [7], [8]]))
    assert accounts.at_hand(slots).tolist() == [0, -1, -1, 0]
    assert (accounts[ALICE].floor, accounts[ALICE].counters()) == (-5, (5 * CENT, 6 * CENT, 7 * CENT, 8 * CENT))
    assert (list(accounts), accounts.remembered) == ([ALICE], 2)


def test_a_stale_account_that_is_read_in_full_is_known_once() -> None:
    accounts = Accounts([account(ALICE, counters=ONE)])
    accounts.age()
    accounts.add([account(ALICE, counters=WIDE)])
    assert (accounts.remembered, accounts[ALICE].counters()) == (1, tuple(WIDE))
    assert accounts.locate_keys([ALICE]).tolist() == [-1]
