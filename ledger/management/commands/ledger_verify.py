"""Prove the ledger."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from ledger import services
from ledger.errors import Conflict
from ledger.models import Book
from ledger.verification import BookReport, strays, verify_book
from qenex.kernel import memory
from qenex.kernel.context import acting, command
from qenex.kernel.progress import Progress
from qenex.kernel.transactions import Busy

DIFFERENT, UNUSABLE = 1, 2
SHOWN = 1_000


class Command(BaseCommand):
    """`manage.py ledger_verify`: exit code 0 when all is as computed, 1 when something differs."""

    help = "Compute every balance, hold and event again from the transfers alone and compare; writers may go on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--book", action="append", default=[], metavar="CODE", help="only this book; may be repeated"
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="write what was found as JSON")
        parser.add_argument(
            "--rebuild", action="store_true", help="mend the balances and holds that differ, verify again"
        )
        parser.add_argument("--database", default="reader", choices=sorted(connections), metavar="ALIAS")

    def handle(self, *args: Any, **options: Any) -> None:
        quiet, using = options["verbosity"] == 0, options["database"]
        memory.settle()
        reports = []
        for book in _books(options["book"], using):
            report = _verify(book, using, quiet=quiet)
            if report.count and options["rebuild"]:
                mended = _rebuild(book)
                self._tell(report, quiet=quiet)
                self.stdout.write(f"{book.code}: {mended:,} balances and holds were mended; verifying again.")
                report = _verify(book, using, quiet=quiet)
            reports.append(report)
            self._tell(report, quiet=quiet)
        if not options["book"]:
            reports.append(self._strays(using))
        self._finish(reports, options["report"])

    def _tell(self, report: BookReport, *, quiet: bool) -> None:
        for difference in report.differences[:SHOWN]:
            self.stdout.write(f"{report.book}: {difference}")
        if report.count > SHOWN:
            self.stdout.write(f"{report.book}: and {report.count - SHOWN:,} more")
        if not quiet:
            found = f"differences: {report.count:,}" if report.count else "all as computed"
            self.stdout.write(
                f"{report.book}: {report.transfers:,} transfers, {report.accounts:,} accounts, {report.holds:,} holds, "
                f"{report.journals:,} journals, {report.events:,} events: {found}"
            )

    def _strays(self, using: str) -> BookReport:
        report = strays(using=using)
        for difference in report.differences:
            self.stdout.write(f"{report.book}: {difference}")
        return report

    def _finish(self, reports: Sequence[BookReport], path: Path | None) -> None:
        count = sum(report.count for report in reports)
        if path is not None:
            whole = {"clean": not count, "differences": count, "books": [report.as_json() for report in reports]}
            try:
                path.write_text(json.dumps(whole, indent=2) + "\n")
            except OSError as error:
                raise CommandError(f"{path} cannot be written: {error.strerror}", returncode=UNUSABLE) from None
        if count:
            raise CommandError(f"The ledger differs from its transfers in {count:,} places.", returncode=DIFFERENT)


def _books(codes: Sequence[str], using: str) -> list[Book]:
    books = Book.objects.using(using).order_by("code")
    if not codes:
        return list(books)
    found = list(books.filter(code__in=codes))
    unknown = set(codes) - {book.code for book in found}
    if unknown:
        raise CommandError(f"There is no book {', '.join(sorted(unknown))}.", returncode=UNUSABLE)
    return found


def _verify(book: Book, using: str, *, quiet: bool) -> BookReport:
    bar = Progress(book.code, 0, "transfers", quiet=quiet)
    try:
        return verify_book(book, using=using, progress=lambda done: bar.show(done, f"{done:,} transfers"))
    finally:
        bar.close()


def _rebuild(book: Book) -> int:
    with acting(command("ledger_verify", reason="balances differ from transfers")):
        try:
            return services.balances_rebuild(book=book.pk)
        except (Busy, Conflict) as error:
            raise CommandError(f"{book.code}: {error}", returncode=UNUSABLE) from None
