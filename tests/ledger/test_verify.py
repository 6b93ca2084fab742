"""`ledger_verify` finds what was changed behind the ledger's back, and `ledger_rebuild` mends what can be mended."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from ledger import services
from ledger.domain.drafts import Kind
from ledger.models import Balance, Book, Hold, Journal, Transfer
from ledger.verification import verify_book
from qenex.kernel import clock
from tests.support.ledger import Shop, give, hold, make_account, make_asset, make_shop, on, one, post
from tests.support.marked import marked
from tests.support.threads import together


@dataclass(frozen=True)
class Busy:
    """A shop in which everything has happened that can."""

    shop: Shop
    journal: UUID
    holds: dict[str, UUID]

    def row(self, table: str) -> tuple[str, UUID]:
        """The key of a row of the table in which every column says something."""
        first = Transfer.objects.filter(journal_id=self.journal).order_by("posted_at").first()
        assert first is not None
        rows = {
            "ledger_transfer": ("id", first.pk),
            "ledger_balance": ("account_id", self.shop.customers[1].pk),
            "ledger_hold": ("id", self.holds["open"]),
            "ledger_journal": ("id", self.journal),
        }
        return rows[table]

    @property
    def book(self) -> Book:
        return self.shop.book


def make_busy() -> Busy:
    """A shop with transfers, holds in every state, a journal that is half reversed, and an exchange."""
    shop = make_shop(2, funds="1000")
    alice, bob = shop.customers
    holds = {}
    for state in ("open", "part", "posted", "voided", "expired"):
        timeout = 1 if state == "expired" else 3600 if state == "open" else None
        holds[state] = one(shop.book, hold(alice, bob, "10.25", timeout=timeout, reference=state)).id
    post(shop.book, on(holds["part"], Kind.HOLD_POST, "4", final=False))
    post(shop.book, on(holds["posted"], Kind.HOLD_POST, "6.20"))
    post(shop.book, on(holds["voided"], Kind.HOLD_VOID))
    with clock.frozen(clock.now() + timedelta(seconds=5)):
        services.holds_expire()
    entries = [give(alice, bob, "7", metadata={"note": 'ä "quoted" \n', "n": 1}), give(bob, alice, "3.33", code=12)]
    journal, results = services.journal_post(
        book=shop.book, transfers=entries, reference="J-1", description="Rent", metadata={"period": "2026-03"}
    )
    services.journal_reverse(journal=journal, reason="wrong amount", amounts={results[0].id: Decimal("2.5")})
    gold = make_asset(18)
    fx, fx_gold, vault = (
        make_account(shop.book, shop.asset, "equity"),
        make_account(shop.book, gold, "equity"),
        make_account(shop.book, gold, "liability", floor=Decimal(0)),
    )
    services.exchange_post(
        sold_from=alice,
        sold_position=fx,
        bought_position=fx_gold,
        bought_to=vault,
        sold=Decimal(3),
        bought=Decimal("0.000000000000000007"),
    )
    services.account_update(account=bob, status="frozen", floor=Decimal("-5"))
    return Busy(shop, journal, holds)


@pytest.fixture(scope="module")
def busy(django_db_setup: None, django_db_blocker: Any) -> Iterator[Busy]:
    """One such shop for all tests of this module, which leave it as they found it."""
    with django_db_blocker.unblock():
        yield make_busy()


ELSE = "00000000-0000-7000-8000-00000000e15e"
"""The id of nothing."""


@contextmanager
def forged(table: str, key: str, id: UUID, column: str, value: str) -> Iterator[None]:
    """Changes one value as the owner, with triggers and constraints out of the way, and changes it back."""
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        constraints = _lay_open(cursor, table)
        cursor.execute(f"SELECT {column}::text, ({value})::text FROM {table} WHERE {key} = %s", [id])  # noqa: S608  # ours
        [(before, after)] = cursor.fetchall()
        assert before != after
        cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE {key} = %s", [id])  # noqa: S608  # our own words
    try:
        yield
    finally:
        with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
            row = after if column == key else id
            put_back = f"UPDATE {table} SET {column} = {_typed(cursor, table, column)} WHERE {key} = %s"  # noqa: S608  # ours
            cursor.execute(put_back, [before, row])
            for name, definition in constraints:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _lay_open(cursor: Any, table: str) -> list[tuple[str, str]]:
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('c', 'f')",
        [table],
    )
    constraints: list[tuple[str, str]] = cursor.fetchall()
    for name, _ in constraints:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return constraints


def _typed(cursor: Any, table: str, column: str) -> str:
    cursor.execute(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
        [table, column],
    )
    return f"%s::{cursor.fetchone()[0]}"


def test_a_busy_book_is_as_computed(database: None, busy: Busy) -> None:
    report = verify_book(busy.book)
    assert [str(each) for each in report.differences] == []
    transfers = Transfer.objects.filter(book_id=busy.book.pk).count()
    assert (report.transfers, report.holds, report.journals) == (transfers, 5, 3)


DIGIT = "0.000000000000000001"
ROOT = "event transfers_root"
FORGERIES = [
    ("ledger_transfer id", f"'{ELSE}'", [ROOT, "transfer origin"]),
    (
        "ledger_transfer book_id",
        f"'{ELSE}'",
        [
            "balance credits_posted",
            "balance debits_posted",
            "event count",
            "event first_posted_at_us",
            ROOT,
            "transfer credit_balance",
            "transfer debit_balance",
            "transfer origin",
        ],
    ),
    (
        "ledger_transfer debit_account_id",
        "'CASH'",
        [
            *("balance debits_posted", "balance debits_posted", ROOT),
            *("transfer credit_balance", "transfer debit_balance", "transfer origin"),
        ],
    ),
    (
        "ledger_transfer credit_account_id",
        "'CASH'",
        [
            *("balance credits_posted", "balance credits_posted", ROOT),
            *("transfer credit_balance", "transfer debit_balance", "transfer origin"),
        ],
    ),
    ("ledger_transfer asset_id", f"'{ELSE}'", [ROOT, "transfer asset", "transfer asset"]),
    (
        "ledger_transfer amount",
        f"amount + {DIGIT}",
        [
            *("balance credits_posted", "balance debits_posted", ROOT),
            *("transfer amount", "transfer credit_balance", "transfer debit_balance"),
        ],
    ),
    ("ledger_transfer debit_balance", f"debit_balance + {DIGIT}", [ROOT, "transfer debit_balance"]),
    ("ledger_transfer credit_balance", f"credit_balance - {DIGIT}", [ROOT, "transfer credit_balance"]),
    (
        "ledger_transfer posted_at",
        "posted_at + interval '1 microsecond'",
        ["event first_posted_at_us", ROOT, "transfer posted_at"],
    ),
    ("ledger_transfer value_date", "value_date + 1", [ROOT]),
    ("ledger_transfer kind", "6", [ROOT, "transfer origin", "transfer origin"]),
    ("ledger_transfer code", "code + 1", [ROOT]),
    (
        "ledger_transfer event_id",
        f"'{ELSE}'",
        ["event count", "event first_posted_at_us", "event the event of some transfers", ROOT],
    ),
    ("ledger_transfer journal_id", f"'{ELSE}'", [ROOT]),
    ("ledger_transfer origin_id", f"'{ELSE}'", [ROOT]),
    ("ledger_transfer reference", "'x'", [ROOT]),
    ("ledger_transfer metadata", """'{"n": 2}'""", [ROOT]),
    ("ledger_balance account_id", f"'{ELSE}'", ["balance the row of the account", "trial balance the sum of debits"]),
    ("ledger_balance book_id", f"'{ELSE}'", ["balance book"]),
    ("ledger_balance normal_side", "-normal_side", ["balance normal_side"]),
    ("ledger_balance floor", f"floor - {DIGIT}", ["balance floor"]),
    (
        "ledger_balance debits_posted",
        f"debits_posted + {DIGIT}",
        ["balance debits_posted", "trial balance the sum of debits"],
    ),
    (
        "ledger_balance credits_posted",
        f"credits_posted - {DIGIT}",
        ["balance credits_posted", "trial balance the sum of debits"],
    ),
    ("ledger_balance debits_pending", f"debits_pending + {DIGIT}", ["balance debits_pending"]),
    ("ledger_balance credits_pending", f"credits_pending - {DIGIT}", ["balance credits_pending"]),
    ("ledger_hold id", f"'{ELSE}'", ["hold the state of the hold", "hold the transfer of the hold"]),
    ("ledger_hold book_id", f"'{ELSE}'", ["hold the state of the hold"]),
    ("ledger_hold debit_account_id", f"'{ELSE}'", ["hold debit_account"]),
    ("ledger_hold credit_account_id", f"'{ELSE}'", ["hold credit_account"]),
    ("ledger_hold asset_id", f"'{ELSE}'", ["hold asset"]),
    ("ledger_hold amount", f"amount + {DIGIT}", ["hold amount"]),
    ("ledger_hold posted_amount", f"posted_amount + {DIGIT}", ["hold posted_amount"]),
    ("ledger_hold status", "'posted'", ["hold status"]),
    ("ledger_hold expires_at", "expires_at + interval '1 microsecond'", ["hold expires_at"]),
    ("ledger_hold created_at", "created_at + interval '1 microsecond'", ["hold created_at"]),
    ("ledger_hold resolved_at", "created_at", ["hold resolved_at"]),
    ("ledger_journal id", f"'{ELSE}'", ["journal its transfers", "journal the journal of an event"]),
    ("ledger_journal book_id", f"'{ELSE}'", ["journal book"]),
    ("ledger_journal kind", "'exchange'", ["journal kind"]),
    ("ledger_journal reference", "'J-2'", ["journal reference"]),
    ("ledger_journal description", "'Rest'", ["journal description"]),
    ("ledger_journal reverses_id", f"'{ELSE}'", ["journal reverses"]),
    ("ledger_journal rate", "'1'", ["journal rate"]),
    ("ledger_journal metadata", """'{"period": "2026-04"}'""", ["journal metadata"]),
    ("ledger_journal posted_at", "posted_at + interval '1 microsecond'", ["journal posted_at"]),
]


@pytest.mark.parametrize(("place", "value", "expected"), FORGERIES, ids=[place for place, _, _ in FORGERIES])
def test_one_changed_value_is_found(database: None, busy: Busy, place: str, value: str, expected: list[str]) -> None:
    table, column = place.split()
    key, row = busy.row(table)
    with forged(table, key, row, column, value.replace("CASH", str(busy.shop.cash.pk))):
        report = verify_book(busy.book)
    assert sorted(f"{each.table} {each.what}" for each in report.differences) == expected


def test_every_column_is_forged_above() -> None:
    models = (Transfer, Balance, Hold, Journal)
    columns = {f"{model._meta.db_table} {each.column}" for model in models for each in model._meta.concrete_fields}
    assert {place for place, _, _ in FORGERIES} == columns


def test_what_was_forged_is_all_put_back(database: None, busy: Busy) -> None:
    assert verify_book(busy.book).differences == []


def test_a_difference_says_where_and_by_how_much(database: None, busy: Busy) -> None:
    bob = busy.shop.customers[1].pk
    with forged("ledger_balance", "account_id", bob, "debits_posted", f"debits_posted + {DIGIT}"):
        report = verify_book(busy.book)
    [line, _] = map(str, report.differences)
    assert line == f"balance {bob}: debits_posted is 5.830000000000000001, computed 5.83"


def test_a_transfer_that_is_gone_is_found(database: None, busy: Busy) -> None:
    """Even the last one, which no later running balance gives away."""
    last = Transfer.objects.filter(book_id=busy.book.pk).order_by("posted_at").last()
    assert last is not None
    with forged("ledger_transfer", "id", last.pk, "book_id", f"'{ELSE}'"):
        report = verify_book(busy.book)
    assert {"event count", "book last_posted_at"} <= {f"{each.table} {each.what}" for each in report.differences}


def test_the_command_reports_and_fails(database: None, busy: Busy, tmp_path: Path) -> None:
    bob, out, path = busy.shop.customers[1].pk, StringIO(), tmp_path / "report.json"
    with (
        forged("ledger_balance", "account_id", bob, "debits_pending", f"debits_pending + {DIGIT}"),
        pytest.raises(CommandError, match=r"^The ledger differs from its transfers in 1 places\.$") as failure,
    ):
        call_command("ledger_verify", "--book", busy.book.code, "--report", str(path), stdout=out)
    assert failure.value.returncode == 1
    [line, summary] = out.getvalue().splitlines()
    assert line == f"{busy.book.code}: balance {bob}: debits_pending is {DIGIT}, computed 0"
    assert summary.endswith(": differences: 1")
    told = json.loads(path.read_text())
    assert (told["clean"], told["differences"], told["books"][0]["differences"][0]["id"]) == (False, 1, str(bob))


def test_the_command_is_content_with_a_clean_book(database: None, busy: Busy) -> None:
    out = StringIO()
    call_command("ledger_verify", "--book", busy.book.code, stdout=out)
    assert out.getvalue().strip().endswith("5 holds, 3 journals, 13 events: all as computed")


def test_the_command_knows_no_other_book(database: None) -> None:
    with pytest.raises(CommandError, match=r"^There is no book nowhere\.$") as failure:
        call_command("ledger_verify", "--book", "nowhere")
    assert failure.value.returncode == 2


def test_the_command_mends_balances_and_holds(database: None) -> None:
    busy, out = make_busy(), StringIO()
    before = _derived(busy.book)
    with marked("owner"), connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_balance SET debits_posted = 10000, credits_posted = 20000, debits_pending = 1,"
            " credits_pending = 2 WHERE book_id = %s",
            [busy.book.pk],
        )
        cursor.execute(
            "UPDATE ledger_hold SET posted_amount = 1, status = 'voided', resolved_at = NULL WHERE book_id = %s",
            [busy.book.pk],
        )
    assert _derived(busy.book) != before
    call_command("ledger_verify", "--book", busy.book.code, "--rebuild", stdout=out)
    assert _derived(busy.book) == before
    assert "11 balances and holds were mended" in out.getvalue()


def test_a_rebuild_of_a_sound_book_changes_nothing(database: None, busy: Busy) -> None:
    before, out = _derived(busy.book), StringIO()
    call_command("ledger_rebuild", busy.book.code, stdout=out)
    assert out.getvalue() == f"{busy.book.code}: 0 balances and holds were wrong and are mended.\n"
    assert _derived(busy.book) == before


def test_a_rebuild_that_breaks_a_floor_changes_nothing(database: None) -> None:
    shop = make_shop(1, floor="0")
    [alice] = shop.customers
    with marked("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE ledger_balance SET credits_posted = 5 WHERE account_id = %s", [alice.pk])
    post(shop.book, give(alice, shop.cash, 3))
    before = _derived(shop.book)
    with pytest.raises(CommandError, match="what the transfers add up to is not allowed"):
        call_command("ledger_rebuild", shop.book.code)
    assert _derived(shop.book) == before


def _derived(book: Book) -> list[tuple[Any, ...]]:
    """All that a rebuild sets."""
    counters = ("account_id", "debits_posted", "credits_posted", "debits_pending", "credits_pending")
    balances = Balance.objects.filter(book_id=book.pk).order_by("pk").values_list(*counters)
    holds = Hold.objects.filter(book_id=book.pk).order_by("pk")
    return [*balances, *holds.values_list("id", "posted_amount", "status", "resolved_at")]


def test_writers_may_go_on(database: None) -> None:
    """Each of many verifications sees one moment of a book that another thread posts to without pause."""
    shop = make_shop(2, funds="1000000")
    alice, bob = shop.customers
    done = Event()

    def write() -> int:
        posted = 0
        while not done.is_set():
            held = hold(bob, alice, "0.05")
            post(shop.book, give(alice, bob, "0.01"), held, on(held.id, Kind.HOLD_VOID), give(bob, alice, "0.03"))
            posted += 4
        return posted

    def verify() -> int:
        try:
            reports = [verify_book(shop.book) for _ in range(10)]
        finally:
            done.set()
        assert [each for report in reports for each in report.differences] == []
        return len({report.transfers for report in reports})

    posted, moments = together(2, lambda number: (write, verify)[number]())
    assert moments > 1
    assert verify_book(shop.book).transfers == posted + 2
