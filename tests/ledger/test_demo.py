"""The demo: everything has happened in it, and it is as sound as any other book."""

import gzip
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import Q
from pytest_django import DjangoDbBlocker, Settings

from ledger import demo, selectors
from ledger.choices import TransferKind
from ledger.data import make_payments
from ledger.demo import people
from ledger.models import Account, Book, Hold, Journal, RoleLimit, Transfer
from ledger.verification import verify_book
from qenex.access.roles import ROLES


def test_the_sample_is_what_its_script_makes() -> None:
    assert gzip.decompress(make_payments.PAYMENTS.read_bytes()) == make_payments.content()


@pytest.fixture(scope="module")
def bank(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Book]:
    """The demo's bank, made once."""
    with django_db_blocker.unblock():
        out = StringIO()
        call_command("demo", stdout=out)
        assert out.getvalue() == "Books riverbank and corner-shop are made, with 3,000 payments in the first.\n"
        yield Book.objects.get(code=demo.BANK)


def test_all_of_it_is_as_computed(database: None, bank: Book) -> None:
    reports = [verify_book(bank), verify_book(Book.objects.get(code=demo.SHOP))]
    assert [report.differences for report in reports] == [[], []]
    assert [(each.transfers, each.accounts, each.holds, each.journals) for each in reports] == [
        (3134, 159, 6, 7),
        (4, 5, 0, 2),
    ]


def test_every_kind_of_transfer_is_there(database: None, bank: Book) -> None:
    kinds = Counter(Transfer.objects.filter(book_id=bank.pk).values_list("kind", flat=True))
    assert set(kinds) == set(TransferKind)
    holds = Counter(Hold.objects.filter(book_id=bank.pk).values_list("status", flat=True))
    assert holds == {"open": 3, "posted": 1, "voided": 1, "expired": 1}
    journals = Counter(Journal.objects.filter(book_id=bank.pk).values_list("kind", flat=True))
    assert journals == {"entry": 5, "reversal": 1, "exchange": 1}


def test_the_trial_balance_balances_in_every_asset(database: None, bank: Book) -> None:
    balance = selectors.trial_balance(bank)
    assert balance.balanced
    assert [total.asset for total in balance.totals] == ["EUR", "JPY", "QNX", "USD"]
    assert [row.debit for row in balance.rows if row.code == "rent-EUR"] == [Decimal(2190)]


def test_the_sample_makes_no_second_account_of_a_customer(database: None, bank: Book) -> None:
    customers = Account.objects.filter(book=bank, path__startswith="liabilities:customers:")
    assert customers.count() == make_payments.CUSTOMERS + 3 + 1
    assert customers.filter(balance__floor=0).count() == customers.count()


def test_limits_and_a_frozen_account_are_there(database: None, bank: Book) -> None:
    assert list(Account.objects.filter(book=bank, status="frozen").values_list("code", flat=True)) == [
        "customer-C0005-EUR"
    ]
    limits = RoleLimit.objects.filter(Q(account__book=bank) | Q(role__name="teller", asset__code="EUR"))
    assert sorted(limits.values_list("maximum", "verdict")) == [(Decimal(1_000), "refuse"), (Decimal(10_000), "hold")]
    held = Transfer.objects.get(book_id=bank.pk, reference="cash in above the tellers' limit")
    assert (held.kind, held.amount) == (TransferKind.HOLD, 12_500)


def test_there_is_a_user_for_each_role_and_none_has_a_password(database: None, bank: Book) -> None:
    found = User.objects.filter(username__in=people.USERS).prefetch_related("groups")
    assert {user.username: [group.name for group in user.groups.all()] for user in found} == {
        username: [role] for username, (_, role) in people.USERS.items()
    }
    assert {role for _, role in people.USERS.values()} == set(ROLES)
    assert [user.username for user in found if user.has_usable_password() or not user.is_staff] == []


def test_passwords_are_given_once_and_shown(database: None, bank: Book, settings: Settings) -> None:
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="for the embedded profile only"):
        call_command("demo", passwords=True)
    assert not User.objects.get(username="ada").has_usable_password()
    settings.EMBEDDED = True
    out = StringIO()
    call_command("demo", passwords=True, stdout=out)
    shown = [line.split() for line in out.getvalue().splitlines()]
    assert [(role, username) for role, username, _ in shown] == [
        (role, username) for username, (_, role) in people.USERS.items()
    ]
    assert all(User.objects.get(username=username).check_password(password) for _, username, password in shown)


def test_it_is_made_once(database: None, bank: Book) -> None:
    before = Transfer.objects.filter(book_id=bank.pk).count()
    with pytest.raises(CommandError, match="the books riverbank and corner-shop are there already"):
        call_command("demo")
    assert Transfer.objects.filter(book_id=bank.pk).count() == before
