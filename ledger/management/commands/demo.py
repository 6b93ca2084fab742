"""Fill the ledger with an example."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ledger import demo
from ledger.demo import people
from ledger.errors import LedgerError
from ledger.importing.problems import FileProblem


class Command(BaseCommand):
    """`manage.py demo`"""

    help = "Make two example books with accounts, payments, holds, journals, limits and users who cannot sign in yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--passwords",
            action="store_true",
            help="instead give its users new passwords and show them, once; for the embedded profile only",
        )
        parser.add_argument("--seed", type=int, default=7, metavar="N", help="other amounts for another seed")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["passwords"]:
            self._passwords()
            return
        try:
            outcome = demo.make(options["seed"])
        except (LedgerError, FileProblem) as error:
            raise CommandError(f"The demo was not made: {error}.") from None
        if options["verbosity"]:
            self.stdout.write(
                f"Books {demo.BANK} and {demo.SHOP} are made, with {outcome.posted:,} payments in the first."
            )

    def _passwords(self) -> None:
        """Raises CommandError outside of the embedded profile, and where there is no demo."""
        if not settings.EMBEDDED:
            raise CommandError("Passwords of example users are for the embedded profile only.")
        given = people.give_passwords()
        if not given:
            raise CommandError("There are no example users: make the demo first.")
        for username, password in given.items():
            self.stdout.write(f"{people.USERS[username][1]:<20} {username:<8} {password}")
