"""`ledger_import`: every good line once, whatever happens; every bad one told."""

import csv
import gzip
import os
import random
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from ledger import services
from ledger.data import make_payments
from ledger.importing.lines import slug
from ledger.management.commands.ledger_import import book_code
from ledger.models import Account, Asset, Book, Transfer
from ledger.verification import verify_book
from tests.support.ledger import make_asset
from tests.support.threads import together

HEADER = "id,occurred_at,account,counterparty,amount,asset\n"
LINES = (
    "t0,2018-04-01 00:00:31+00:00,c1,m1,57.16,EUR\n"
    "t1,2018-04-01 23:59:59+00:00,c2,m1,81.51,EUR\n"
    "t2,2018-04-02T01:00:00+02:00,c1,m2,146,USD\n"
)


@pytest.fixture
def name() -> str:
    """The code of a book that nobody else has."""
    return f"i{uuid4().hex}"


def run(file: Path, *options: str) -> str:
    """Imports a file and returns what was said."""
    out = StringIO()
    call_command("ledger_import", str(file), *options, stdout=out)
    return out.getvalue()


def refused(file: Path, *options: str) -> tuple[int, list[list[str]]]:
    """Imports a file that has bad lines; the exit code and the rows of the errors' file."""
    with pytest.raises(CommandError) as failure:
        run(file, *options)
    errors = file.with_name(f"{file.name}.errors.csv")
    assert str(errors) in str(failure.value)
    with errors.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
        return failure.value.returncode, list(csv.reader(lines))[1:]


def unusable(file: Path, *options: str) -> str:
    """Imports a file that cannot be imported; the one line that says why."""
    with pytest.raises(CommandError) as failure:
        run(file, *options)
    assert failure.value.returncode == 2
    return str(failure.value)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def transfers(code: str) -> list[Any]:
    fields = ("reference", "amount", "value_date", "metadata")
    return list(
        Transfer.objects.filter(book_id=Book.objects.get(code=code).pk).order_by("posted_at").values_list(*fields)
    )


def test_a_payment_moves_money_from_the_customer_to_the_merchant(database: None, tmp_path: Path, name: str) -> None:
    said = run(write(tmp_path / f"{name}.csv", HEADER + LINES))
    assert "Of these, 3 posted, 0 known before, 0 refused; 5 accounts and " in said
    assert said.endswith("Sum of the lines that stand: EUR 138.67, USD 146.00.\n")
    assert transfers(name) == [
        ("t0", Decimal("57.16"), date(2018, 4, 1), {"occurred_at": "2018-04-01T00:00:31Z"}),
        ("t1", Decimal("81.51"), date(2018, 4, 1), {"occurred_at": "2018-04-01T23:59:59Z"}),
        ("t2", Decimal("146"), date(2018, 4, 1), {"occurred_at": "2018-04-01T23:00:00Z"}),
    ]
    accounts = Account.objects.filter(book__code=name).select_related("balance").order_by("path", "asset__code")
    assert [(each.path, each.code, each.owner_ref, each.balance.posted) for each in accounts] == [
        ("liabilities:customers:c1", "customer-c1-EUR", "c1", Decimal("-57.16")),
        ("liabilities:customers:c1", "customer-c1-USD", "c1", Decimal("-146")),
        ("liabilities:customers:c2", "customer-c2-EUR", "c2", Decimal("-81.51")),
        ("liabilities:merchants:m1", "merchant-m1-EUR", "m1", Decimal("138.67")),
        ("liabilities:merchants:m2", "merchant-m2-USD", "m2", Decimal("146")),
    ]


def test_no_line_is_posted_twice_whatever_file_it_comes_in(database: None, tmp_path: Path, name: str) -> None:
    run(write(tmp_path / "a.csv", HEADER + LINES), "--book", name)
    more = write(tmp_path / "b.csv", HEADER + LINES + "t3,2018-04-03,c1,m1,1,EUR\n" * 2)
    assert "Of these, 1 posted, 4 known before, 0 refused" in run(more, "--book", name)
    columns = [line.split(",") for line in (HEADER + LINES).splitlines()]
    table = pa.table({column[0]: list(column[1:]) for column in zip(*columns, strict=True)})
    pq.write_table(table, tmp_path / "c.parquet")
    assert "Of these, 0 posted, 3 known before, 0 refused" in run(tmp_path / "c.parquet", "--book", name)
    assert len(transfers(name)) == 4


def test_another_book_takes_the_same_lines(database: None, tmp_path: Path, name: str) -> None:
    file = write(tmp_path / "a.csv", HEADER + LINES)
    assert "3 posted" in run(file, "--book", name)
    assert "3 posted" in run(file, "--book", f"{name}-2")


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("x,2018-04-01,c1,m1,-5.00,EUR", "amount", "is negative"),
        ("x,2018-04-01,c1,m1,0.00,EUR", "amount", "is zero"),
        ("x,2018-04-01,c1,m1,5.001,EUR", "amount", "'5.001' has more than 2 decimal places"),
        ("x,2018-04-01,c1,m1,1e3,EUR", "amount", None),
        ("x,2018-04-01,c1,m1,NaN,EUR", "amount", None),
        ("x,2018-04-01,c1,m1,,EUR", "amount", None),
        ("x,2018-02-30,c1,m1,5.00,EUR", "occurred_at", "'2018-02-30' is no date or time"),
        ("x,2018-04-01,,m1,5.00,EUR", "account", "is empty"),
        (",2018-04-01,c1,m1,5.00,EUR", "id", "is empty"),
        ("x,2018-04-01,c1,m1,5.00,eur", "asset", "'eur' is no asset of the ledger and no currency of ISO 4217"),
        ("x,2018-04-01,c1,m1,5.00,XAU", "asset", "'XAU' is no asset of the ledger and no currency of ISO 4217"),
        ("x,2018-04-01,c1,m1,5.00", "columns", "has 5 columns instead of 6"),
        ("x,2018-04-01,c\udce4,m1,5.00,EUR", "encoding", "is not UTF-8"),
        (
            "t0,2018-04-01 00:00:31+00:00,c1,m1,57.17,EUR",
            "id_reused",
            "A transfer with this id and other content exists.",
        ),
        (f"{'x' * 201},2018-04-01,c1,m1,5.00,EUR", "reference", "must have at most 200 characters and no NUL"),
    ],
)
def test_a_bad_line_is_told_and_the_others_are_posted(
    database: None, tmp_path: Path, name: str, line: str, code: str, message: str | None
) -> None:
    file = write(tmp_path / f"{name}.csv", f"{HEADER}{LINES}{line}\nt9,2018-04-01,c1,m1,9,EUR\n")
    returncode, [row] = refused(file)
    assert (returncode, row[:2], row[3]) == (1, ["5", code], line)
    assert message in (None, row[2])
    assert [each[0] for each in transfers(name)] == ["t0", "t1", "t2", "t9"]


def test_a_frozen_account_refuses_its_lines_only(database: None, tmp_path: Path, name: str) -> None:
    run(write(tmp_path / "a.csv", HEADER + LINES), "--book", name)
    services.account_update(account=Account.objects.get(book__code=name, code="customer-c2-EUR"), status="frozen")
    file = write(tmp_path / "b.csv", f"{HEADER}t4,2018-04-03,c2,m1,1,EUR\nt5,2018-04-03,c1,m1,2,EUR\n")
    assert refused(file, "--book", name) == (
        1,
        [["2", "account_frozen", "One of the accounts is frozen.", "t4,2018-04-03,c2,m1,1,EUR"]],
    )
    assert transfers(name)[-1][0] == "t5"


def test_an_account_that_cannot_be_made_refuses_its_lines_only(database: None, tmp_path: Path, name: str) -> None:
    book = services.book_create(code=name, name=name)
    euro = Asset.objects.filter(code="EUR").first() or services.asset_create(code="EUR", places=2)
    services.account_create(book=book, asset=euro, type="asset", code="merchant-m1-EUR", path="elsewhere")
    returncode, rows = refused(write(tmp_path / "a.csv", HEADER + LINES), "--book", name)
    assert (returncode, [row[:2] for row in rows]) == (1, [["2", "account"], ["3", "account"]])
    assert [each[0] for each in transfers(name)] == ["t2"]


def test_a_dry_run_checks_everything_and_writes_nothing(database: None, tmp_path: Path, name: str) -> None:
    file = write(tmp_path / f"{name}.csv", HEADER + LINES + "x,2018-04-01,c1,m1,-5.00,EUR\n")
    returncode, rows = refused(file, "--dry-run")
    assert (returncode, [row[:2] for row in rows]) == (1, [["5", "amount"]])
    assert not Book.objects.filter(code=name).exists()


def test_an_errors_file_of_an_earlier_run_does_not_stay(database: None, tmp_path: Path, name: str) -> None:
    asset = f"S{uuid4().hex[:10]}"
    file = write(tmp_path / f"{name}.csv", f"{HEADER}t0,2018-04-01,c1,m1,5,{asset}\n")
    assert refused(file)[1][0][1] == "asset"
    services.asset_create(code=asset, kind="security", places=0)
    assert "1 posted" in run(file)
    assert not file.with_name(f"{file.name}.errors.csv").exists()


def test_lines_without_an_id_are_told_apart_by_their_content(database: None, tmp_path: Path, name: str) -> None:
    header, line = "Date;Amount;Currency;IBAN;Description\n", "2026-01-05;-12.50;EUR;DE89;Coffee\n"
    file = write(tmp_path / "statement.csv", f"{header}{line}{line}2026-01-06;1000.00;EUR;DE89;Müller & Söhne\n")
    assert "Of these, 3 posted, 0 known before" in run(file, "--book", name)
    assert "Of these, 0 posted, 3 known before" in run(file, "--book", name)
    overlapping = write(tmp_path / "next.csv", f"{header}{line}{line}{line}")
    assert "Of these, 1 posted, 2 known before" in run(overlapping, "--book", name)
    bank = Account.objects.get(book__code=name, code="bank-DE89-EUR")
    assert (bank.path, bank.type, bank.balance.posted) == ("assets:bank:DE89", "asset", Decimal("962.50"))
    assert {each[0] for each in transfers(name)} == {"Coffee", "Müller & Söhne"}


def test_a_profile_of_ones_own(database: None, tmp_path: Path, name: str) -> None:
    asset = make_asset(3)
    profile = write(
        tmp_path / "own.toml",
        f"""name = "own"\nsign = "signed"\ndecimal_comma = true\ndate_format = "%d.%m.%Y"\nmetadata = ["Note"]
        transfer_code = 42\n[columns]\nid = "No"\noccurred_at = "Day"\namount = "Sum"\naccount = "Who"
        [defaults]\nasset = "{asset.code}"
        [debit]\npath = "assets:till"\ncode = "till"\ntype = "asset"
        [credit]\npath = "income:{{account}}"\ncode = "{{account}}"\ntype = "income"\n""",
    )
    file = write(
        tmp_path / "till.csv",
        'No,Day,Sum,Who,Note,Extra\n1,31.12.2025,"1.234,567",A B,hello,x\n2,01.01.2026,"-0,5",A B,,y\n',
    )
    run(file, "--book", name, "--profile", str(profile))
    assert transfers(name) == [
        ("1", Decimal("1234.567"), date(2025, 12, 31), {"Note": "hello"}),
        ("2", Decimal("0.5"), date(2026, 1, 1), None),
    ]
    balances = {account.code: account.balance.posted for account in Account.objects.filter(book__code=name)}
    assert balances == {"till": Decimal("1234.067"), slug("A B"): Decimal("1234.067")}
    assert set(Transfer.objects.filter(asset_id=asset.pk).values_list("code", flat=True)) == {42}


def test_parquet_takes_decimals_and_times_and_refuses_floats(database: None, tmp_path: Path, name: str) -> None:
    columns = {
        "id": ["t0"],
        "occurred_at": pa.array([datetime(2018, 4, 1, 0, 0, 31, tzinfo=UTC)], pa.timestamp("ms", tz="UTC")),
        "account": ["c1"],
        "counterparty": ["m1"],
        "asset": ["EUR"],
        "label": pa.array([1], pa.int8()),
    }
    exact = pa.table(columns | {"amount": pa.array([Decimal("0.10")], pa.decimal128(20, 2))})
    pq.write_table(exact, tmp_path / "exact.parquet")
    run(tmp_path / "exact.parquet", "--book", name)
    assert transfers(name) == [("t0", Decimal("0.10"), date(2018, 4, 1), {"occurred_at": "2018-04-01T00:00:31Z"})]
    pq.write_table(pa.table(columns | {"amount": [0.1]}), tmp_path / "floats.parquet")
    assert "the amounts are binary floating-point numbers and not exact" in unusable(tmp_path / "floats.parquet")


def test_files_that_cannot_be_imported(database: None, tmp_path: Path, name: str) -> None:
    assert "No such file" in unusable(tmp_path / "nowhere.csv")
    assert "neither .csv, .csv.gz nor .parquet" in unusable(write(tmp_path / "a.xlsx", "x"))
    assert "has no header line" in unusable(write(tmp_path / "empty.csv", ""))
    assert "no profile fits the columns a, b" in unusable(write(tmp_path / "odd.csv", "a,b\n1,2\n"))
    assert "there is no profile nothing" in unusable(write(tmp_path / "a.csv", HEADER), "--profile", "nothing")
    few = write(tmp_path / "few.csv", "id,occurred_at,amount,asset\n")
    assert "needs a column for account, counterparty" in unusable(few, "--profile", "payments", "--book", name)
    assert not Book.objects.filter(code=name).exists()
    assert "cannot be read" in unusable(write(tmp_path / "bad.parquet", "no parquet"))
    assert "cannot be read" in unusable(write(tmp_path / "bad.csv.gz", "no gzip"))
    assert "--batch is between 1 and" in unusable(write(tmp_path / "a.csv", HEADER), "--batch", "0")


def test_a_file_that_breaks_off_keeps_what_came_before(database: None, tmp_path: Path, name: str) -> None:
    whole = gzip.compress(make_payments.content())
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    assert "breaks off after line" in unusable(tmp_path / "cut.csv.gz", "--book", name, "--batch", "500")
    posted = len(transfers(name))
    assert 500 <= posted < make_payments.LINES
    (tmp_path / "cut.csv.gz").write_bytes(whole)
    left = make_payments.LINES - posted
    assert f"Of these, {left:,} posted, {posted:,} known before" in run(tmp_path / "cut.csv.gz", "--book", name)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("payments_100k.csv.gz", "payments_100k"),
        ("März 2026.csv", "M-rz-2026"),
        ("a.b.parquet", "a.b"),
        ("-.csv", "import"),
    ],
)
def test_a_book_is_named_after_its_file(file: str, code: str) -> None:
    assert book_code(Path(file)) == code


def test_names_become_segments_of_paths_and_stay_apart() -> None:
    assert slug("c-1.x_2") == "c-1.x_2"
    assert len({slug("A B"), slug("A-B"), slug("a b"), slug("Ä"), slug("Ö"), slug("x" * 101), slug("x" * 102)}) == 7
    assert all(len(slug(text)) <= 100 for text in ("Ä" * 500, "x" * 500))


def test_two_imports_of_one_file_at_once_post_every_line_once(database: None, tmp_path: Path, name: str) -> None:
    file = tmp_path / "payments.csv"
    file.write_bytes(make_payments.content())
    said = together(2, lambda number: run(file, "--book", name, "--batch", "200"))
    counts = [re.search(r"Of these, ([\d,]+) posted, ([\d,]+) known before, 0 refused", each) for each in said]
    posted = [int(each[1].replace(",", "")) for each in counts if each]
    assert sum(posted) == make_payments.LINES
    book = Book.objects.get(code=name)
    assert Transfer.objects.filter(book_id=book.pk).count() == make_payments.LINES
    assert verify_book(book).differences == []


def test_killed_in_the_middle_and_run_again_every_line_is_there_once(database: None, tmp_path: Path, name: str) -> None:
    file = tmp_path / "payments.csv"
    file.write_bytes(make_payments.content())
    command = [sys.executable, "manage.py", "ledger_import", str(file), "--book", name, "--batch", "100"]
    kills = 0
    for _ in range(20):
        before = Transfer.objects.filter(book_id__in=Book.objects.filter(code=name).values("pk")).count()
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=os.environ, stdout=subprocess.DEVNULL)
        kills += _kill_after_some(process, name, before + random.randint(100, 900))
        if process.returncode == 0:
            break
    assert process.returncode == 0
    assert kills >= 1
    book = Book.objects.get(code=name)
    references = Transfer.objects.filter(book_id=book.pk).values_list("reference", flat=True)
    assert sorted(references) == [f"p{number:05d}" for number in range(1, make_payments.LINES + 1)]
    assert verify_book(book).differences == []


def _kill_after_some(process: "subprocess.Popen[bytes]", name: str, count: int) -> int:
    """Kills the process as soon as so many transfers are there; 1 where it was still running."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        books = Book.objects.filter(code=name).values("pk")
        if Transfer.objects.filter(book_id__in=books).count() >= count:
            process.send_signal(signal.SIGKILL)
            process.wait(30)
            return 1
        time.sleep(0.01)
    process.wait(30)
    return 0
