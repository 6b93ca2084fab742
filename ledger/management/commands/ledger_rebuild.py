"""Rebuild balances from transfers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import services
from ledger.errors import Conflict
from ledger.models import Book
from qenex.kernel.context import acting, command
from qenex.kernel.transactions import Busy


class Command(BaseCommand):
    """`manage.py ledger_rebuild CODE...`"""

    help = "Set the balances and holds of books to what their transfers add up to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("book", nargs="+", metavar="CODE")
        parser.add_argument("--reason", default="rebuild by command", help="why; it is kept in the event")

    def handle(self, *args: Any, **options: Any) -> None:
        books = {book.code: book for book in Book.objects.filter(code__in=options["book"])}
        unknown = set(options["book"]) - set(books)
        if unknown:
            raise CommandError(f"There is no book {', '.join(sorted(unknown))}.")
        with acting(command("ledger_rebuild", reason=options["reason"])):
            for code, book in books.items():
                try:
                    mended = services.balances_rebuild(book=book.pk)
                except (Busy, Conflict) as error:
                    raise CommandError(f"{code}: {error}") from None
                self.stdout.write(f"{code}: {mended:,} balances and holds were wrong and are mended.")
