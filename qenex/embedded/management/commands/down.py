"""Stop the embedded servers that `up` and other commands have started."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qenex.embedded.errors import EmbeddedError
from qenex.embedded.guard import stop_servers
from qenex.embedded.output import Console
from qenex.embedded.single import only_one


class Command(BaseCommand):
    """`manage.py down`"""

    help = "Stop the embedded PostgreSQL and Redis of this directory."
    requires_system_checks: list[str] = []  # Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="also when other processes use them")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with only_one(settings.VAR, Console()):
                stopped = stop_servers(settings.VAR, only_unused=not options["force"])
        except EmbeddedError as error:
            raise CommandError(str(error)) from None
        if not stopped:
            raise CommandError("Other processes use the servers; --force stops them all the same.")
        self.stdout.write("The embedded servers are stopped.")
