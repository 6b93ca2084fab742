"""Fill the ledger with an example."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import demo
from ledger.errors import LedgerError
from ledger.importing.problems import FileProblem


class Command(BaseCommand):
    """`manage.py demo`"""

    help = "Make two example books with accounts, payments, holds, journals, limits and users who cannot sign in yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=7, metavar="N", help="other amounts for another seed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = demo.make(options["seed"])
        except (LedgerError, FileProblem) as error:
            raise CommandError(f"The demo was not made: {error}.") from None
        if options["verbosity"]:
            self.stdout.write(
                f"Books {demo.BANK} and {demo.SHOP} are made, with {outcome.posted:,} payments in the first."
            )
